"""Commands of the workshop: models, train, evaluate, bench, doctor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fineview.app import SOFTWARE, App
from fineview.cli.show import figure_lines, progress_token
from fineview.cli.study import opened
from fineview.core.errors import FineViewError, WrongWords


def later(wish: argparse.Namespace) -> Any:
    """Words of the contract whose work this version does not do yet: it says so and changes nothing."""
    raise FineViewError(f"\"fineview {wish.command}\" is not part of this version.",
                        "\"fineview --help\" lists what is.", "not-in-this-version")


def models(wish: argparse.Namespace) -> Any:
    from fineview.cli import advise, encoders

    actions: dict[str, Callable[[argparse.Namespace], Any]] = {
        "advise": advise.advise, "explain-gap": advise.explain, "list": encoders.list_all, "show": encoders.show,
        "verify": encoders.verify, "import": encoders.take}
    return actions[wish.action](wish)


def train(wish: argparse.Namespace) -> Any:
    if wish.what in ("reader", "chat") and (wish.stage or wish.processes):
        raise WrongWords(f"--stage and --processes say nothing about the {wish.what}.", "Leave them away.")
    if wish.what == "reader":
        from fineview.lab.train_reader import train_reader
        from fineview.lab.train_state import say_aside

        train_reader(wish.out, wish.steps, say=say_aside)
        return {"weights": str(wish.out)} if wish.json else 0
    return _train_chat(wish) if wish.what == "chat" else _train_encoder(wish)


def _train_chat(wish: argparse.Namespace) -> Any:
    from fineview.lab.train_chat import train_chat
    from fineview.models.predictor import Predictor
    from fineview.models.weights import read_manifest

    folder = wish.begin or App().encoder_folder()
    made = train_chat(wish.out, wish.steps, Predictor.load(folder, "cpu"), wish.resume, wish.data,
                      fold=int(read_manifest(folder).facts.get("fold", 0)))
    return {"weights": str(made)} if wish.json else 0


def _train_encoder(wish: argparse.Namespace) -> Any:
    """In this process, or in several that are started with the same words."""
    from fineview.lab import train_launch

    count = 1 if train_launch.launched() else wish.processes or train_launch.devices()
    if count > 1:
        return train_launch.launch([sys.executable, "-m", "fineview", *wish.argv], count)
    from fineview.lab.train_embedded import train_embedded
    from fineview.models.vision.build import TRAINED

    config, faster = TRAINED[wish.what]
    made = train_embedded(wish.out, wish.steps, wish.resume, wish.data, stage=wish.stage, config=config,
                          faster=faster, begin=wish.begin)
    return {"weights": str(made)} if wish.json and train_launch.speaks() else 0


def evaluate(wish: argparse.Namespace) -> Any:
    from fineview.lab.evaluate import EVALUATIONS, Request, run_evaluation
    from fineview.lab.stored import data_words

    if wish.what not in EVALUATIONS:
        wish.command = f"evaluate {wish.what}"
        return later(wish)
    token, folder = progress_token(), _kept_in(wish)
    with opened(wish) as app:
        request = Request(app, wish.seed, token.report, wish.images, wish.labels, wish.data, wish.labelled, wish.steps,
                          wish.only)
        figures = run_evaluation(wish.what, request)
        _keep(wish.what, figures, app, folder, data_words(figures, wish.images is not None, wish.data is not None,
                                                          wish.labelled, wish.only))
    return _figures(figures, wish)


def _kept_in(wish: argparse.Namespace) -> Path | None:
    """Where the result is to be stored, or None.  Asked first: a long evaluation must not end at a locked folder."""
    if wish.keep is None:
        return None
    from fineview.lab.stored import writable

    return writable(wish.keep if wish.keep != Path() else None)


def _keep(what: str, figures: Any, app: App, folder: Path | None, data: str) -> None:
    """Store the figures where that was asked for, with the weights that were scored."""
    if folder is not None:
        from fineview.lab.stored import keep

        scored = app.loaded
        # scores may hang on the number format as timings hang on the machine
        figures = replace(figures, machine="; ".join(filter(None, (figures.machine, app.loaded_on))))
        keep(what, figures, SOFTWARE, scored[0] if len(scored) == 1 else None, data, folder)


def bench(wish: argparse.Namespace) -> Any:
    from fineview.lab.bench import run_bench

    folder = _kept_in(wish)
    with opened(wish) as app:
        figures = run_bench(wish.what, app, wish.path, wish.only, wish.study_gb)
        _keep(f"bench-{wish.what}", figures, app, folder, figures.data or "pictures made by this program")
    return _figures(figures, wish)


def doctor(wish: argparse.Namespace) -> Any:
    from fineview.lab.doctor import examine

    with opened(wish) as app:
        checks = examine(app)
    if wish.json:
        return {"checks": checks}
    for one in checks:
        print(f"{one['verdict']:8} {one['name']:28} {one['what']} {one['remedy']}".rstrip())
    return 0


def _figures(figures: Any, wish: argparse.Namespace) -> Any:
    if wish.json:
        return figures.as_dict()
    print(figure_lines(figures.as_dict()))
    return 0
