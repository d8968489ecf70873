"""What is offered to a DIMSE peer for each kind of object, so that nothing has to be recompressed on the way.

A context can be accepted with one transfer syntax only (PS3.8 7.1.1.13).  Each compressed syntax therefore gets a
context of its own while there is room for that (an association has 128), else the compressed ones share one.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import uid
from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext

PLAIN: tuple[str, ...] = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)
COMPRESSED: tuple[str, ...] = (
    uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLosslessSV1, uid.JPEGLossless, uid.JPEGLSLossless,
    uid.JPEGLSNearLossless, uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2K, uid.RLELossless,
    uid.DeflatedExplicitVRLittleEndian)
# Asked for where the peer does not say what it has: the eye, photographs, documents, and the common rest.
USUAL: tuple[str, ...] = (
    uid.OphthalmicTomographyImageStorage, uid.OphthalmicPhotography8BitImageStorage,
    uid.OphthalmicPhotography16BitImageStorage, uid.WideFieldOphthalmicPhotographyStereographicProjectionImageStorage,
    uid.OphthalmicOpticalCoherenceTomographyEnFaceImageStorage,
    uid.OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage, uid.EncapsulatedPDFStorage,
    uid.SecondaryCaptureImageStorage, uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage, uid.ComprehensiveSRStorage, uid.Comprehensive3DSRStorage,
    uid.EnhancedSRStorage, uid.BasicTextSRStorage, uid.KeyObjectSelectionDocumentStorage, uid.SegmentationStorage,
    uid.GrayscaleSoftcopyPresentationStateStorage, uid.CTImageStorage, uid.MRImageStorage, uid.EnhancedCTImageStorage,
    uid.EnhancedMRImageStorage, uid.UltrasoundImageStorage, uid.UltrasoundMultiFrameImageStorage,
    uid.DigitalXRayImageStorageForPresentation, uid.ComputedRadiographyImageStorage, uid.ParametricMapStorage)


def storage_contexts(classes: Sequence[str], room: int | None) -> list[PresentationContext]:
    """Contexts to receive objects of these SOP classes ("": unknown), at most ``room``; None: we are the acceptor."""
    known = [one for one in classes if one]
    wanted = known if len(known) == len(classes) else [*known, *(one for one in USUAL if one not in known)]
    if room is None:  # an acceptor lists a class once, with all it takes
        return [build_context(one, [*PLAIN, *COMPRESSED]) for one in wanted]
    groups: list[list[str]] = [list(PLAIN), *([one] for one in COMPRESSED)]
    if len(groups) * len(wanted) > room:
        groups = [list(PLAIN), list(COMPRESSED)]
    return [build_context(one, group) for one in wanted for group in groups][:room]
