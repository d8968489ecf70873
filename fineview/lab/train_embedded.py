"""Training the embedded encoder from nothing: ``fineview train embedded --out DIR --steps N [--resume]``.

By steps, never by the clock, in the stages of :mod:`train_stages`: pictures with captions, then fusion and heads on
frozen backbones, then everything on whole canvases; ``--stage`` runs one of them, or ``together``, the recipe of the
shipped weights (half tiles: 384 px ConvNeXt crops with a 168 px ViT view and position embeddings from a random window
of the 24x24 grid; the last sixth whole tiles; all parts from random at once).  In every stage the gates learn at ten
times the rate, so that they open.

CPU, one GPU or many by the same words (:mod:`train_processes`).  Everything random is a function of the step, so a run
that was killed and resumed ends with the same weights: bit for bit in one process on a CPU, where torch sums in one
order; elsewhere but for rounding.  Every export is accompanied by ``curves.png``, drawn from ``curves.csv``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineview.core.errors import InputProblem, WrongWords
from fineview.lab.curves_picture import draw_curves
from fineview.lab.mistakes import AGAIN, damaged, find_mistakes
from fineview.lab.train_calibrate import calibrate
from fineview.lab.train_curves import Curves
from fineview.lab.train_domain import fit_domain
from fineview.lab.train_processes import Processes
from fineview.lab.train_sources import Draw, Where
from fineview.lab.train_stages import ALL, IN_ORDER, STAGES, Leg, Stage, legs
from fineview.lab.train_state import TOGETHER, RunState, export, kept_stage, say_aside
from fineview.lab.train_step import Speaker, start, train_step
from fineview.models import weights
from fineview.models.int8 import restored
from fineview.models.vision.build import RETINA_S, RetinaConfig

SAVE_EVERY, SAY_EVERY = 100, 10


@dataclass(frozen=True, slots=True)
class Run:
    """What stays the same through all stages of a run."""

    out: Path
    target: Path
    config: RetinaConfig
    where: Where
    facts: dict[str, Any]
    faster: float
    workers: int
    save_every: int
    export_s: float
    say: Callable[[str], None]
    after_step: Callable[[int], None] | None


def train_embedded(out: Path, steps: int, resume: bool = False, shared: Path | None = None, fold: int = 0,
                   threads: int = 1, *, stage: str | None = None, cache: Path | None = None,
                   export_to: Path | None = None, export_minutes: float = 15.0, workers: int = 1, mix: Any = None,
                   config: RetinaConfig = RETINA_S, faster: float = 1.0, begin: Path | None = None,
                   save_every: int = SAVE_EVERY, say: Callable[[str], None] = say_aside,
                   after_step: Callable[[int], None] | None = None, table: dict[str, Stage] = STAGES) -> Path:
    """Train for ``steps`` and export; returns the exported safetensors file.

    ``stage``: one of the table or "all"; None goes on with what ``out`` holds, and begins with all.  ``fold`` is held
    out by photograph.  ``shared`` is the folder of photographs, None trains on phantoms alone and leaves the result
    uncalibrated.  ``faster`` multiplies the learning rates.  ``begin`` is a weights folder to go on from instead of
    random weights; it has to keep the same ``fold`` apart, and a run is resumed with the same or none.  ``export_to``
    also receives the running average every ``export_minutes``; ``after_step`` may raise to stop.

    Raises ``WrongWords`` where stage, folder and weights do not fit, ``InputProblem`` where what is kept of the run is
    damaged and cannot be made again, ``FineViewError`` where accelerate is missing.
    """
    peers = Processes(threads)
    plan = legs(stage or _usual(out, resume, config), steps, config.encoder, table)
    at, state = _begun(out, resume, plan, config, faster, begin, fold, peers)
    earlier = {"begun_from": state.begun_from} if state.begun_from else {}
    # Share-alike boxes are among the photographs' labels; phantoms are this project's own.
    facts = {"name": config.encoder.name, "licence": "Apache-2.0" if shared is None else "CC-BY-SA-4.0", "fold": fold,
             "total_steps": steps, "stages": [leg.stage.word for leg in plan], "config": config.as_dict(), **earlier}
    say = say if peers.first else _silence
    cache = cache or out / "cache"
    where = Where(fold, shared, cache, mix, _mistakes(out, resume, begin, shared, fold, cache, peers, say))
    run = Run(out, export_to or out / "export", config, where, facts, faster, workers, save_every, 60 * export_minutes,
              say, after_step)
    if plan[at].before + state.step:
        run.say(f"resumed at step {plan[at].before + state.step}")
    curves = Curves(out, plan[at].before + state.step) if peers.first else None
    for leg in plan[at:]:
        state = state if leg is plan[at] else _next(leg, state, run, peers)
        _train(leg, state, run, curves, peers)
    peers.close()  # the others need not wait while the first one calibrates
    return _finished(state, run, plan) if peers.first else run.target / weights.TENSORS


def _mistakes(out: Path, resume: bool, begin: Path | None, shared: Path | None, fold: int, cache: Path,
              peers: Processes, say: Callable[[str], None]) -> Path | None:
    """The folder of what the weights ``begin`` got wrong, None for a run that begins without weights or photographs.

    A finished folder stays as it is when a run is resumed, since that run began with it; without the weights, what is
    damaged cannot be looked for again.
    """
    folder = out / "mistakes"
    if peers.first and not resume:
        for old in (folder, folder.with_suffix(".part")):
            shutil.rmtree(old, ignore_errors=True)
    if peers.first and begin is not None and shared is not None:
        find_mistakes(begin, folder, shared, fold, cache, say)
    elif peers.first and (wrong := damaged(folder)):
        raise InputProblem(f"{len(wrong)} files in {out.name}/{folder.name} are damaged.", AGAIN, "truncated")
    peers.meet()
    return folder if folder.is_dir() else None


def _usual(out: Path, resume: bool, config: RetinaConfig) -> str:
    """What is meant where no stage is named: what the folder holds, else all that this encoder can."""
    kept = kept_stage(out) if resume else None
    if kept is not None and kept[0] == TOGETHER:
        return TOGETHER
    try:
        legs(ALL, 0, config.encoder)
    except WrongWords:
        return TOGETHER
    return ALL


def _begun(out: Path, resume: bool, plan: tuple[Leg, ...], config: RetinaConfig, faster: float, begin: Path | None,
           fold: int, peers: Processes) -> tuple[int, RunState]:
    """Which leg to go on with, and its state."""
    kept = kept_stage(out) if resume else None
    words = [leg.stage.word for leg in plan]
    if kept is not None and kept[0] not in words:
        raise WrongWords(f"The run in {out.name} is at the stage {kept[0]}.", f"Give --stage {kept[0]} or another "
                         "--out.")
    at = 0 if kept is None else words.index(kept[0])
    stage = plan[at].stage
    if kept is None and begin is None and stage.frozen:
        raise WrongWords(f"The stage {stage.word} freezes what an earlier one has trained.",
                         "Give the weights of that one with --from, or leave --stage away.")
    state = _fresh(stage, config, faster, peers)
    wanted = state.begun_from = "" if begin is None else go_on_from(state, begin, fold)
    if kept is not None:
        state.load(out)
    if begin is not None and state.begun_from != wanted:
        former = f"the weights {state.begun_from[:8]}" if state.begun_from else "random weights"
        raise WrongWords(f"The run in {out.name} began from {former}, not from {wanted[:8]} in {begin.name}.",
                         "Resume it without --from, or give another --out.")
    return at, state


def _fresh(stage: Stage, config: RetinaConfig, faster: float, peers: Processes) -> RunState:
    state = start(config, faster=faster * stage.rate, trains=stage.trains, device=peers.device)
    state.stage = stage.word
    return state


def _next(leg: Leg, before: RunState, run: Run, peers: Processes) -> RunState:
    """The state of the next stage: the running average of the one before, a new optimiser."""
    state = _fresh(leg.stage, run.config, run.faster, peers)
    state.begun_from = before.begun_from
    for model in (state.model, state.ema):
        model.load_state_dict(before.ema.state_dict())
    return state


def go_on_from(state: RunState, folder: Path, fold: int) -> str:
    """Give model and average the weights of an exported folder; returns their sha256.

    Raises ``WeightsProblem`` where the folder cannot be used, ``WrongWords`` where its structure or fold is another.
    """
    tensors, manifest = weights.load(folder)
    apart = manifest.facts.get("fold")
    if apart is not None and apart != fold:
        raise WrongWords(f"{manifest.name} in {folder.name} kept fold {apart} apart and has learned from the "
                         f"photographs of fold {fold}.", f"Give weights that kept fold {fold} apart, or none.")
    held = {name: value.float() for name, value in restored(tensors).items()}
    for model in (state.model, state.ema):
        try:
            model.load_state_dict(held)
        except RuntimeError as trouble:
            raise WrongWords(f"{manifest.name} in {folder.name} has another structure than what is to be trained.",
                             "Give the weights of the same encoder.") from trouble
    return manifest.sha256


def _train(leg: Leg, state: RunState, run: Run, curves: Curves | None, peers: Processes) -> None:
    """All steps of a leg that are not done yet.  ``curves`` is that of the process that writes."""
    objective, exported = leg.stage.objective, time.monotonic()
    speaker = peers.spread(Speaker(state.model, objective))
    for step, batch in _stream(leg, state.step, run, peers):
        figures = train_step(state, batch.to(peers.device), step, leg.steps, objective, speaker, peers)
        if run.after_step is not None:
            run.after_step(leg.before + state.step)
        if curves is None:
            continue
        curves.add(leg.before + state.step, leg.stage.word, figures, state.model.encoder.gates)
        if state.step % SAY_EVERY == 0:
            run.say(_line(leg, state, figures))
        if state.step % run.save_every == 0 or state.step == leg.steps:
            curves.settle()
            state.save(run.out)
        if time.monotonic() - exported > run.export_s:
            _exported(state, run, leg.before + state.step)
            exported = time.monotonic()


def _stream(leg: Leg, done: int, run: Run, peers: Processes) -> Iterator[tuple[int, Any]]:
    for first, last, part in leg.stage.switches(leg.steps):
        begin = max(first, done)
        if begin >= last:
            continue
        draw = Draw(begin, last, peers.batch_size(part.batch), part.tile_px, run.workers, peers.number, peers.count)
        yield from enumerate(leg.stage.source(run.where, draw), start=begin)


def _exported(state: RunState, run: Run, steps: int) -> Path:
    path = export(state.ema, run.target, steps, run.facts)
    draw_curves(run.out)
    return path


def _finished(state: RunState, run: Run, plan: tuple[Leg, ...]) -> Path:
    """The last export, calibrated where there are photographs and the heads have seen them."""
    path = _exported(state, run, plan[-1].before + state.step)
    if run.where.shared is not None and plan[-1].stage.word != IN_ORDER[0]:
        fit_domain(run.target, run.where.shared, run.where.fold, run.where.cache, say=run.say)
        calibrate(run.target, run.where.shared, run.where.fold, say=run.say)
    return path


def _line(leg: Leg, state: RunState, figures: dict[str, float]) -> str:
    gates = " ".join(f"{gate:+.3f}" for gate in state.model.encoder.gates)
    stage = "" if leg.stage.word == TOGETHER else f" {leg.stage.word}"
    return (f"step {leg.before + state.step}{stage} "
            + " ".join(f"{key} {value:.3g}" for key, value in figures.items()) + f" gates {gates}")


def _silence(text: str) -> None:
    """What processes but the first say."""
