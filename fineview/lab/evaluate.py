"""``fineview evaluate``: one request, one table of the things that can be scored, one shape of result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.core.errors import WrongWords
from fineview.lab.figures import Figures

if TYPE_CHECKING:
    from fineview.app import App


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line.  ``data``: folder of the model card's photographs; ``steps`` None: the
    evaluation's own training budget, where it trains; ``progress`` (done, total, words)."""

    app: App
    seed: int
    progress: Callable[[float, float, str], None]
    images: Path | None = None
    labels: Path | None = None
    data: Path | None = None
    labelled: str = "boxes"
    steps: int | None = None
    only: tuple[str, ...] = ()


# word -> module of this room with ``run(request) -> Figures``; a module is imported when its word is asked for
EVALUATIONS: dict[str, str] = {
    "lesions": "evaluate_lesions",
    "layers": "evaluate_layers",
    "maps": "evaluate_maps",
    "chat": "evaluate_chat",
    "words": "evaluate_words",
    "scales": "evaluate_scales",
    "fusion": "evaluate_fusion",
    "ablations": "evaluate_ablations",
    "encoders": "evaluate_encoders",
    "seams": "evaluate_seams",
    "retrieval": "evaluate_retrieval",
    "deployment": "evaluate_deployment",
    "card": "evaluate_card",
}


def run_evaluation(what: str, request: Request) -> Figures:
    """Score one thing.  Raises ``FineViewError`` where folders or photographs cannot be used."""
    run: Callable[[Request], Figures] = import_module(f"fineview.lab.{EVALUATIONS[what]}").run
    return run(request)


def needed(folder: Path | None, words: str) -> Path:
    """The folder, or ``WrongWords`` that say which one is missing."""
    if folder is None:
        raise WrongWords(f"{words} is needed.", "See \"fineview evaluate --help\".")
    return folder


def chosen(only: tuple[str, ...], known: tuple[str, ...], others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Those of ``known`` that ``--only`` leaves in: all, where it names none of them.

    ``others`` may be named too and choose something else.  Raises ``WrongWords`` for a name in neither.
    """
    if wrong := [name for name in only if name not in known + others]:
        raise WrongWords(f"--only {wrong[0]} names nothing here.", f"Known are {', '.join(known + others)}.")
    return tuple(name for name in known if name in only) or known
