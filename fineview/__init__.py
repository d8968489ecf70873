"""FineView: open retinal and DICOM studies, see where the encoder looks, ask, mark, report. Research use only."""

__version__ = "0.1.0"
