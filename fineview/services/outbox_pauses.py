"""When the outbox tries again by itself, and after which failures.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fineview.core.errors import FineViewError
from fineview.core.peer import Parcel

PAUSES_S = (30.0, 60.0, 120.0, 300.0, 900.0, 1800.0)
"""Growing: a peer that restarts is met again soon, one that is away for the night is not pestered."""
PASSING = frozenset({"peer-unreachable", "peer-left", "peer-silent", "peer-refused", "peer-broke", "peer-answer"})
"""What may be over by itself.  A wrong title, token or certificate is not: a person must change something."""


def pause_s(tries: int) -> float:
    """How long to wait after ``tries`` attempts that came to nothing, from 1; the last pause stays."""
    return PAUSES_S[min(max(tries, 1), len(PAUSES_S)) - 1]


def again(parcels: Sequence[Parcel], asked: Collection[str], broken: Mapping[str, FineViewError]) -> frozenset[str]:
    """Parcels that are worth another try: asked for since the program began, and kept waiting by what may pass."""
    return frozenset(one.id for one in parcels if one.id in asked and one.state in ("waiting", "sending")
                     and (one.node not in broken or broken[one.node].code in PASSING))
