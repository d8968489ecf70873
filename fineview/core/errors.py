"""Errors are sentences with a remedy and a stable code: one family, so that no reader has to guess what escapes.

``what`` says what happened, ``remedy`` what the person can do now, ``code`` stays the same for scripts and tests.
Anything outside this family is a bug and may show a traceback only under ``--debug``.
"""

from __future__ import annotations


class FineViewError(Exception):
    """Something a person can be told about.  Never carries patient data in ``code``."""

    code = "unexpected"

    def __init__(self, what: str, remedy: str, code: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Raised in a parsing child and carried to the parent: the default would replay __init__ with one argument.
        return (type(self), (self.what, self.remedy, self.code))

    def as_dict(self) -> dict[str, str]:
        """The ``error`` object of the command line contract."""
        return {"code": self.code, "what": self.what, "remedy": self.remedy}


class InputProblem(FineViewError):
    """A file, folder or peer that cannot be used: ``not-found``, ``empty``, ``not-an-image``, ``truncated``, ..."""

    code = "input"


class LimitExceeded(InputProblem):
    """The input asks for more than the stated limit (memory, time, nesting, size)."""

    code = "limit"


class WeightsProblem(FineViewError):
    """``weights-missing``, ``weights-hash``, ``weights-pickle``, ``weights-format``, ``weights-code``,
    ``weights-config``, ``weights-taken``, ``weights-unreadable``."""

    code = "weights"


class DeviceProblem(FineViewError):
    """The device asked for is not there, or has no memory left: ``device-missing``, ``device-memory``."""

    code = "device"


class PeerProblem(FineViewError):
    """A PACS that cannot be used: ``peer-unreachable``, ``peer-refused``, ``peer-title``, ``peer-unauthorised``,
    ``peer-certificate``, ``peer-silent``, ``peer-left``, ``peer-answer``, ..."""

    code = "peer"


class StorageProblem(FineViewError):
    """Not saved: ``disk-full``, ``read-only``, ``store-damaged``, ``store-busy``."""

    code = "storage"


class RequestProblem(FineViewError):
    """The request itself makes no sense for this study: frame out of range, region outside the image, ..."""

    code = "request"


class WrongWords(FineViewError):
    """The command line's words do not fit together: exit 2 instead of 1."""

    code = "words"


class PluginProblem(FineViewError):
    """``plugin-manifest``, ``plugin-version``, ``plugin-name``, ``plugin-unknown``, ``plugin-failed``."""

    code = "plugin"


class ReportRefused(FineViewError):
    """A report that must not be written as asked: ``mixed-patients``, ``no-sop-instance``, ``read-back``."""

    code = "report"


class Cancelled(Exception):
    """Work stopped because a person, or a newer request, asked for it.  Not an error: nothing is shown."""
