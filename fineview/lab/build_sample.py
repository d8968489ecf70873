"""``python -m fineview.lab.build_sample [FOLDER]``: write the bundled sample study again, byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

from fineview.formats.write_sample import SampleImages, write_sample
from fineview.lab.sample_study import sample_volume
from fineview.paths import sample_dir


def main(folder: Path) -> None:
    """Write ``volume.dcm`` and ``photograph.dcm`` into ``folder``."""
    eye = sample_volume()
    # The phantom counts from pixel centres, DICOM and this project from the corner of the first pixel.
    images = SampleImages(eye.volume, eye.photo, eye.spacing_mm, eye.photo_mm, eye.scan_lines + 0.5, eye.laterality)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in write_sample(images).items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else sample_dir())
