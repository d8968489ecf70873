"""What must be computed before the window can show what was wished, one thing at a time, and the computing itself.

The picture's own overlay first, then the one beside it, then the model's eye: each is a frozen request that holds
every input, so a worker never looks at the session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fineview.core.errors import RequestProblem
from fineview.core.evidence import Analysis, HeatMap, Method
from fineview.imaging.window import to_rgb
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.encodings import Encodings
from fineview.services.eye import EyeView
from fineview.services.picture import heat_key
from fineview.services.ports import Engine, TokenPort
from fineview.services.session import EngineFacts, Session
from fineview.services.wishes import WORD, OverlayWishes


@dataclass(frozen=True, slots=True)
class Need:
    """``wishes`` for the shown frame, by the encoder they name.  ``place``: 0 the picture, 1 beside it, 2 the eye.

    ``force``: encode also where no overlay is wished.
    """

    place: int
    wishes: OverlayWishes
    force: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What came of a need.  ``wishes`` may differ from the need's where the encoder cannot do what was wished."""

    need: Need
    wishes: OverlayWishes
    facts: EngineFacts
    request: FrameRequest
    analysis: Analysis | None = None
    heat: HeatMap | None = None
    eye: EyeView | None = None
    note: str = ""


def wanted(session: Session, force: bool = False) -> tuple[Need, ...]:
    """Everything the wishes ask for, known or not, most wanted first."""
    encoder = session.overlay.encoder if session.encoder_wanted is None else session.encoder_wanted
    found = [Need(0, replace(session.overlay, encoder=encoder), force)]
    if session.beside == "overlay" and session.other is not None:
        found.append(Need(1, session.other))
    if session.beside == "eye":
        found.append(Need(2, replace(session.overlay, encoder=encoder)))
    return tuple(found)


def is_missing(session: Session, need: Need) -> bool:
    """Whether something of ``need`` is not there yet for the shown frame."""
    key, wishes = session.frame_key, need.wishes
    if key is None:
        return False
    if need.place == 2:
        return session.eye is None or (session.eye.frame, session.eye.encoder) != (key, wishes.encoder)
    if wishes.encoder not in session.engines and session.encoder_wanted is not None and need.place == 0:
        return True
    if wishes.kind in ("none", WORD) and not need.force:  # a word's map came with the word
        return False
    if (key, wishes.encoder) not in session.analyses:
        return True
    return wishes.needs_row and heat_key(key, wishes) not in session.heat


def fulfil(need: Need, request: FrameRequest, engine: Engine, encodings: Encodings, known: Analysis | None,
           token: TokenPort) -> Found:
    """Compute on a worker.  Raises ``Cancelled`` and what the engine raises."""
    facts = EngineFacts(engine.identity, tuple(engine.methods))
    wishes, note = offered(need.wishes, facts)
    found = Found(need, wishes, facts, request, note=note)
    if need.place == 2:
        encoding = encodings.encode(engine, request.raster, token)
        view = EyeView(request.key, wishes.encoder, facts.identity, engine.eye(encoding), to_rgb(request.raster))
        return replace(found, eye=view)
    if wishes.kind in ("none", WORD) and not need.force:
        return found
    analysis = known or analyse(request, engine, encodings, token)
    heat = None
    if wishes.needs_row:
        method = wishes.method or facts.methods[0]
        try:
            heat = heat_map(request, analysis, engine, encodings, token, method, wishes.text, wishes.dar)
        except RequestProblem as error:
            if error.code != "no-text" or wishes.text is None:
                raise
            # Chosen for another encoder: words must not take the whole overlay away.
            found = replace(found, wishes=replace(wishes, text=None), note=error.what)
            heat = heat_map(request, analysis, engine, encodings, token, method, None, wishes.dar)
    return replace(found, analysis=analysis, heat=heat)


def offered(wishes: OverlayWishes, facts: EngineFacts) -> tuple[OverlayWishes, str]:
    """The wishes as this encoder can fulfil them, and a sentence where that is something else.

    An encoder's plain map stands in for a method it does not have, and for lesion maps where it has no lesion heads.
    """
    method, name = wishes.method, facts.identity.name
    lacks = method is not None and method is not Method.RANDOM and method not in facts.methods
    headless = wishes.kind == "lesion" and not facts.identity.heads_trained
    if not (lacks or headless) or not facts.methods:
        return wishes, ""
    what = "lesion maps" if headless else f"the method {wishes.kind}"
    return replace(wishes, kind=facts.methods[0].value), f"{name} has no {what}: its plain map is shown."
