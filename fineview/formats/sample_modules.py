"""The header modules of the sample study's two objects (PS3.3 C.8.17, C.7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

NameUid = Callable[[str], str]
_DATE, _TIME = "20260102", "101500"
_SCT = "SCT"


def code(value: str, meaning: str, scheme: str = _SCT) -> Dataset:
    """One item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def common(sop_class: str, name: str, name_uid: NameUid, laterality: str) -> Dataset:
    """Patient, study, series, equipment and the eye: what both objects share."""
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.ImageType = ["ORIGINAL", "PRIMARY"]
    d.SOPClassUID, d.SOPInstanceUID = sop_class, name_uid(name)
    d.StudyDate = d.SeriesDate = d.ContentDate = d.AcquisitionDate = _DATE
    d.StudyTime = d.SeriesTime = d.ContentTime = d.AcquisitionTime = _TIME
    d.AcquisitionDateTime = _DATE + _TIME
    d.AccessionNumber, d.ReferringPhysicianName, d.StudyID = "", "", "1"
    d.StudyDescription = "FineView sample: an invented eye"
    d.Manufacturer, d.ManufacturerModelName = "FineView", "Synthetic eye"
    d.DeviceSerialNumber, d.SoftwareVersions = "0", "1"
    d.PatientName, d.PatientID, d.PatientBirthDate, d.PatientSex = "SAMPLE^EYE", "FV-SAMPLE", "19700101", "O"
    d.StudyInstanceUID, d.SeriesInstanceUID = name_uid("study"), name_uid(f"series {name}")
    d.InstanceNumber = 1
    d.ImageLaterality = laterality
    d.AnatomicRegionSequence = [code("5665001", "Retina")]
    d.AcquisitionContextSequence = []
    d.SynchronizationFrameOfReferenceUID = name_uid("synchronization")
    d.SynchronizationTrigger, d.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    d.BurnedInAnnotation, d.LossyImageCompression = "NO", "00"
    d.PatientEyeMovementCommanded = "NO"
    d.EmmetropicMagnification = d.IntraOcularPressure = d.HorizontalFieldOfView = None
    d.RefractiveStateSequence = []
    d.PupilDilated = ""
    return d


def photo_modules(d: Dataset, shape: tuple[int, ...], pixel_mm: float) -> None:
    """Ophthalmic Photography Series, Image, Acquisition Parameters and Parameters (C.8.17.1 to C.8.17.4)."""
    d.Modality, d.SeriesNumber, d.SeriesDescription = "OP", 2, "Fundus photograph"
    # The right eye's nose lies to the patient's left, at the right edge of the photograph.
    d.PatientOrientation = ["L", "F"]
    d.NumberOfFrames, d.SamplesPerPixel, d.PhotometricInterpretation = 1, 3, "RGB"
    d.Rows, d.Columns, d.PlanarConfiguration = shape[0], shape[1], 0
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
    d.PixelSpacing = [f"{pixel_mm:.6f}", f"{pixel_mm:.6f}"]
    d.FrameIncrementPointer = 0x00181063
    d.FrameTime = "0"
    d.AcquisitionDeviceTypeCodeSequence = [code("409898007", "Fundus Camera")]
    d.DetectorType, d.HorizontalFieldOfView = "CCD", 45.0
    for keyword in ("IlluminationTypeCodeSequence", "LightPathFilterTypeStackCodeSequence",
                    "ImagePathFilterTypeStackCodeSequence", "LensesCodeSequence"):
        setattr(d, keyword, [])


def tomography_modules(d: Dataset, shape: tuple[int, ...], spacing_mm: tuple[float, float, float],
                       lines: NDArray[np.float64], name_uid: NameUid, laterality: str) -> None:
    """Ophthalmic Tomography modules and functional groups (C.8.17.6 to C.8.17.10).  ``lines`` in stored order."""
    frames, rows, cols = shape
    d.Modality, d.SeriesNumber, d.SeriesDescription = "OPT", 1, f"OCT volume, {frames} B-scans"
    d.FrameOfReferenceUID, d.PositionReferenceIndicator = name_uid("frame of reference"), ""
    d.NumberOfFrames, d.SamplesPerPixel, d.PhotometricInterpretation = frames, 1, "MONOCHROME2"
    d.Rows, d.Columns = rows, cols
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
    d.PresentationLUTShape = "IDENTITY"
    d.AcquisitionNumber = 1
    d.AcquisitionDuration = 1.5
    d.ConcatenationFrameOffsetNumber, d.InConcatenationNumber, d.InConcatenationTotalNumber = 0, 1, 1
    d.LightPathFilterTypeStackCodeSequence = []
    d.AxialLengthOfTheEye = 24.0
    d.OphthalmicVolumetricPropertiesFlag = "NO"
    d.AcquisitionDeviceTypeCodeSequence = [code("392012008", "Optical Coherence Tomography Scanner")]
    d.DetectorType = "CCD"
    d.IlluminationWaveLength, d.IlluminationPower, d.IlluminationBandwidth = 870.0, 1200.0, 50.0
    d.DepthSpatialResolution, d.MaximumDepthDistortion = 3.9, 1.0
    d.AlongScanSpatialResolution, d.MaximumAlongScanDistortion = 11.0, 1.0
    d.AcrossScanSpatialResolution, d.MaximumAcrossScanDistortion = 240.0, 1.0
    organisation = Dataset()
    organisation.DimensionOrganizationUID = name_uid("dimensions")
    d.DimensionOrganizationSequence = [organisation]
    d.DimensionOrganizationType = "3D"
    d.DimensionIndexSequence = [_index(0x00209056, name_uid), _index(0x00209057, name_uid)]
    d.SharedFunctionalGroupsSequence = [_shared(spacing_mm, laterality)]
    d.PerFrameFunctionalGroupsSequence = [
        _frame(index, line, spacing_mm, shape, name_uid) for index, line in enumerate(lines)]
    # Photography knows these, tomography does not.
    for keyword in ("AcquisitionDate", "AcquisitionTime", "PatientEyeMovementCommanded"):
        delattr(d, keyword)


def _index(pointer: int, name_uid: NameUid) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = name_uid("dimensions")
    item.DimensionIndexPointer, item.FunctionalGroupPointer = pointer, 0x00209111
    return item


def _shared(spacing_mm: tuple[float, float, float], laterality: str) -> Dataset:
    between, axial, lateral = spacing_mm
    measures, plane, anatomy, shared = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [f"{axial:.6f}", f"{lateral:.6f}"]
    measures.SliceThickness = measures.SpacingBetweenSlices = f"{between:.6f}"
    # Columns run to the patient's left (nasal in a right eye), rows into the eye, that is, to the back.
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    anatomy.AnatomicRegionSequence, anatomy.FrameLaterality = [code("5665001", "Retina")], laterality
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    shared.FrameAnatomySequence = [anatomy]
    return shared


def _frame(index: int, line: NDArray[np.float64], spacing_mm: tuple[float, float, float], shape: tuple[int, ...],
           name_uid: NameUid) -> Dataset:
    """Per-frame groups: place in space, place on the photograph (row\\column pairs, C.8.17.10.1)."""
    content, place, reference, location, frame = (Dataset() for _ in range(5))
    content.FrameAcquisitionNumber = 1
    content.FrameReferenceDateTime = content.FrameAcquisitionDateTime = _DATE + _TIME
    content.FrameAcquisitionDuration = 40.0
    content.StackID, content.InStackPositionNumber = "1", index + 1
    content.DimensionIndexValues = [1, index + 1]
    between, axial, lateral = spacing_mm
    corner = (-shape[2] * lateral / 2, -shape[1] * axial / 2, (index - (shape[0] - 1) / 2) * between)
    place.ImagePositionPatient = [f"{value:.5f}" for value in corner]
    for item in (reference, location):
        item.ReferencedSOPClassUID = uid.OphthalmicPhotography8BitImageStorage
        item.ReferencedSOPInstanceUID = name_uid("photograph")
        item.PurposeOfReferenceCodeSequence = [code("121311", "Localizer", "DCM")]
    x0, y0, x1, y1 = (float(value) for value in line)
    location.ReferenceCoordinates = [y0, x0, y1, x1]
    location.OphthalmicImageOrientation = "LINEAR"
    frame.FrameContentSequence, frame.PlanePositionSequence = [content], [place]
    frame.ReferencedImageSequence, frame.OphthalmicFrameLocationSequence = [reference], [location]
    return frame
