"""``fineview evaluate chat``: verdicts, numbers, silence, reading and speed of the chat, beside what knows nothing.

With ``--data`` verdicts are scored on the photographs kept from training, else on phantoms alone.  Verdict rows ask by
meaning, so that they score what is seen; the rows of reading score how words are understood.  ``--steps``: how many
phantoms of each kind; ``--only``: parts of the table.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from fineview.core.intent import Intent
from fineview.lab import chat_decoder
from fineview.lab.chat_desk import Desk, share
from fineview.lab.chat_measured import measured, measured_figures
from fineview.lab.chat_planted import in_pixels, in_tags
from fineview.lab.chat_reading import reading_figures
from fineview.lab.chat_silence import blank, no_retina
from fineview.lab.chat_verdicts import Verdicts, calibration_figure, collect, naming_figures, presence_figures
from fineview.lab.evaluate import Request, chosen
from fineview.lab.evaluate_lesions import read_photo
from fineview.lab.figures import Figure, Figures, judged, machine_words
from fineview.lab.held_out import lay_out
from fineview.lab.lesion_truth import photo_paths, read_truth
from fineview.lab.question_grammar import read_grammar, read_paraphrases
from fineview.lab.question_scenes import Scene, fundus_scene, oct_scene, photograph_scene
from fineview.models.language.phraser import ChatPhraser
from fineview.models.weights import read_manifest
from fineview.services.wording import parse

PHANTOMS, BLANKS, OTHERS, PLANTED = 16, 12, 12, 100
FIRST = 6_000_000  # far from the seeds of any training
PAIRS = 10  # interleaved timings


def run(request: Request) -> Figures:
    """Score the app's encoder and reader.  Raises ``FineViewError`` where photographs cannot be used."""
    parts: Mapping[str, Callable[[Request, Desk], list[Figure]]] = {
        "reading": _reading, "photographs": _photographs, "phantoms": _phantoms, "silence": _silence,
        "planted": _planted, "latency": _latency, "decoder": _decoder}
    desk, made = Desk(request.app.engine(), phraser=request.app.phraser), list[Figure]()
    names = chosen(request.only, tuple(parts))
    for number, name in enumerate(names):
        request.progress(number, len(names), name)
        made += parts[name](request, desk)
    return Figures(tuple(made), request.seed, machine_words(), _data(request))


def _data(request: Request) -> str:
    count = request.steps or PHANTOMS
    photos = "photographs kept from training and " if request.data is not None or request.images is not None else ""
    return f"{photos}{count} phantoms of each kind, paraphrases written by hand, seed {request.seed}"


def _reading(request: Request, _: Desk) -> list[Figure]:
    return reading_figures(read_paraphrases(), {"rules": parse, "reader": request.app.reader().read}, request.seed)


def _photographs(request: Request, desk: Desk) -> list[Figure]:
    if request.data is None and request.images is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        made = collect(desk, _scenes(request, Path(folder) / "held-out"), request.seed)
    figures = _verdict_figures(made, "photographs", request.seed, True)
    return [*figures, share("present_beside_the_retina", made.beside, lambda one: one.said == "yes", request.seed, 0.01,
                            False, {"always yes": 1.0, "always abstain": 0.0})]


def _scenes(request: Request, folder: Path) -> Iterator[Scene]:
    images, labels = request.images, request.labels
    if request.data is not None:
        fold = int(read_manifest(request.app.encoder_folder()).facts.get("fold", 0))
        images = labels = lay_out(request.data, fold, request.labelled, folder)
    assert images is not None
    found = photo_paths(images, labels or images)
    for number, path in enumerate(found):
        request.progress(number, len(found), f"photograph {number + 1} of {len(found)}")
        rgb = read_photo(path)
        yield photograph_scene(rgb, read_truth(path, labels or images, (rgb.shape[0], rgb.shape[1])))


def _verdict_figures(made: Verdicts, kind: str, seed: int, goals: bool) -> list[Figure]:
    changed = share(f"changes_when_the_image_is_swapped_{kind}", made.swapped, lambda one: one.said != "yes", seed,
                    0.95 if goals else None, baselines={"always yes": 0.0, "always abstain": None})
    return [*presence_figures(made.presence, kind, seed, goals), *naming_figures(made.naming, kind, seed, goals),
            calibration_figure(f"calibration_error_{kind}", made.presence, seed, 0.05), changed]


def _phantoms(request: Request, desk: Desk) -> list[Figure]:
    count = request.steps or PHANTOMS
    first = FIRST + 1000 * request.seed
    made = list[Figure]()
    for kind, draw in (("fundus_phantoms", fundus_scene), ("oct_phantoms", oct_scene)):
        scenes = [draw(first + k) for k in range(count)]
        told = collect(desk, scenes, request.seed)
        made += _verdict_figures(told, kind, request.seed, False)
        if kind == "fundus_phantoms":
            some = scenes[:max(1, count // 3)]
            made += measured_figures(measured(desk, some, read_grammar(), request.seed), request.seed)
    return made


def _silence(request: Request, desk: Desk) -> list[Figure]:
    empty, others = blank(desk, BLANKS, request.seed), no_retina(desk, OTHERS, request.seed)
    base: dict[str, float | None] = {"always yes": 1.0, "always abstain": 0.0}
    return [share("present_on_a_blank_image", empty, lambda one: one.said == "yes", request.seed, 0.01, False, base),
            share("abstains_on_an_image_that_is_no_retina", others, lambda one: one.said is None, request.seed, 0.95,
                  baselines={"always yes": 0.0, "always abstain": 1.0})]


def _planted(request: Request, desk: Desk) -> list[Figure]:
    first = FIRST + 500 + 1000 * request.seed
    scenes = [draw(first + k) for k in range(2) for draw in (fundus_scene, oct_scene)]
    pixels, tags = in_pixels(desk, scenes, request.seed, PLANTED), in_tags(request.app, desk, PLANTED)
    return [share(f"unchanged_by_planted_text{where}", told, lambda one: one.right, request.seed, 0.99)
            for where, told in (("", pixels + tags), ("_in_pixels", pixels), ("_in_tags", tags))]


def _decoder(request: Request, desk: Desk) -> list[Figure]:
    """The evidence and the decoder alone beside the two weighed; nothing where no decoder belongs to this encoder."""
    phraser = request.app.phraser()
    if not isinstance(phraser, ChatPhraser) or phraser.encoder_sha256 != desk.engine.identity.sha256:
        return []
    count, first = request.steps or PHANTOMS, FIRST + 1000 * request.seed
    photographs = request.data is not None or request.images is not None
    made = list[Figure]()
    with tempfile.TemporaryDirectory() as folder:
        if photographs:
            scenes = _scenes(request, Path(folder) / "held-out")
            made += chat_decoder.verdicts(desk, phraser, scenes, "photographs", request.seed)
    for kind, draw in (("fundus_phantoms", fundus_scene), ("oct_phantoms", oct_scene)):
        made += chat_decoder.verdicts(desk, phraser, (draw(first + k) for k in range(count)), kind, request.seed)
    some = [draw(first + k) for k in range(max(1, count // 4)) for draw in (fundus_scene, oct_scene)]
    return [*made, chat_decoder.alone_on_blank(desk, phraser, request.seed),
            *chat_decoder.reading(phraser, desk, some[0], read_paraphrases(), request.seed),
            *chat_decoder.wording(desk, phraser, some, read_grammar(), request.seed),
            chat_decoder.pointing(desk, phraser, some, request.seed)]


def _latency(request: Request, desk: Desk) -> list[Figure]:
    """Seconds to the first words on a frame never seen, and on a second question of it; medians."""
    first, second = [], []
    for number in range(PAIRS):
        scene = fundus_scene(FIRST + 900 + number, (1424, 2144))
        fresh, box = Desk(desk.engine, phraser=desk.phraser), None
        for held in (first, second):
            began = time.perf_counter()
            fresh.ask(scene, Intent("presence", "haemorrhage"), box)
            held.append(time.perf_counter() - began)
    return [judged(_median("first_words_seconds", first), 2.0, higher_is_better=False),
            judged(_median("second_question_seconds", second), 0.5, higher_is_better=False)]


def _median(name: str, seconds: list[float]) -> Figure:
    low, middle, high = (float(np.quantile(seconds, part)) for part in (0.1, 0.5, 0.9))
    return Figure(name, middle, "s", len(seconds), (low, high))
