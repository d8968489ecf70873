"""Small OCT studies as files: both eyes with their photographs, or any other pair, written by the sample's writer."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from fineview.formats.write_sample import SampleImages, write_sample

FRAMES, ROWS, COLS = 7, 40, 60


def images(side: str) -> SampleImages:
    """B-scan n (nearest to the head first) has the grey value 20 + 10 n throughout, but for a bright corner."""
    volume = np.zeros((FRAMES, ROWS, COLS), np.uint8)
    for number in range(FRAMES):
        volume[number] = 20 + 10 * number
    volume[:, :6, :6] = 250
    ys = 20.0 + 10 * np.arange(FRAMES)
    lines = np.stack([np.full(FRAMES, 20.0), ys, np.full(FRAMES, 80.0), ys], axis=1)
    return SampleImages(volume, np.full((100, 100, 3), 90, np.uint8), (0.2, 0.004, 0.012), 0.02, lines, side)


def write_eye(folder: Path, side: str, *, study: str = "1", date: str = "20260304", name: str = "Muster^Anna") -> None:
    """One eye's volume and photograph, with UIDs of their own; eyes with one ``study`` share that one's."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in write_sample(images(side)).items():
        dataset = pydicom.dcmread(io.BytesIO(data))
        own = str(dataset.StudyInstanceUID)
        _renamed(dataset, own, study, f"{study}{side}{date}{name}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.PatientName, dataset.PatientID = name, name
        dataset.StudyDate = date
        dataset.save_as(folder / f"{study}-{side}-{file}", enforce_file_format=True)


def _renamed(dataset: Dataset, own: str, study: str, salt: str) -> None:
    for element in dataset.iterall():
        if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008"):
            wanted = f"study {study}" if str(element.value) == own else f"{salt} {element.value}"
            digest = hashlib.sha256(wanted.encode()).digest()
            element.value = f"2.25.{int.from_bytes(digest[:15], 'big')}"
