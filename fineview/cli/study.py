"""Commands about a study: the window, demo, info, analyze, ask, report."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fineview.app import App
from fineview.cli.json_line import as_json
from fineview.cli.objects import objects_lines, objects_list
from fineview.cli.show import answer_object, catalogue_lines, catalogue_object, progress_token
from fineview.cli.words import parse_region
from fineview.core.dialogue import Answer, Question
from fineview.core.errors import FineViewError, InputProblem, RequestProblem, WrongWords
from fineview.core.region import Region
from fineview.core.study import Catalogue, FrameKey
from fineview.services.jobs import Token
from fineview.services.known_objects import known_objects


@contextmanager
def opened(wish: argparse.Namespace) -> Iterator[App]:
    """An app that closes its child processes and files whatever happens."""
    app = App(getattr(wish, "device", "auto"), getattr(wish, "encoder", None), safe_mode=wish.safe_mode)
    app.plugins.tell = lambda problem: print(problem, file=sys.stderr)
    try:
        yield app
    finally:
        app.close()


def has_screen() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def window(wish: argparse.Namespace) -> int:
    if not has_screen() and os.environ.get("QT_QPA_PLATFORM") not in ("offscreen", "minimal", "vnc"):
        raise FineViewError("There is no screen to open a window on.", "Use \"fineview demo --headless\" or a command "
                            "such as \"fineview analyze\".", "no-screen")
    with opened(wish) as app:
        return app.window(wish.paths)


def demo(wish: argparse.Namespace) -> Any:
    from fineview.services.demonstration import demonstrate

    store = wish.out / "store"
    app = App(wish.device, wish.encoder, data_dir=store, safe_mode=wish.safe_mode)
    try:
        from fineview import paths

        made = demonstrate(paths.sample_dir(), wish.out, app.archive, app.engine(), app.journal, app.writers(),
                           answer_object, progress_token())
        if wish.json:
            return made
        print(made["summary"])
        print(f"Outputs are in {wish.out.resolve()}: {', '.join(made['files'])}")
        if wish.headless or not has_screen():
            return 0
        return app.window([paths.sample_dir()])
    finally:
        app.close()


def info(wish: argparse.Namespace) -> Any:
    with opened(wish) as app:
        found = _everything(app, wish.path)
        known = known_objects(found, app.archive, progress_token())
    if wish.json:
        return catalogue_object(found) | {"objects": objects_list(known, found)}
    print("\n".join([catalogue_lines(found), *objects_lines(known)]))
    return 0


def _everything(app: App, path: Path) -> Catalogue:
    """What was found, also where nothing of it is an image: a list of verdicts is an answer, one bad file is not."""
    grown = [Catalogue()]
    try:
        grown.extend(app.archive.scan([path], progress_token()))
    except InputProblem:
        verdicts = [one.verdict for one in grown[-1].files]
        if len(verdicts) < 2 and "object" not in verdicts:
            raise
    return grown[-1]


def analyze(wish: argparse.Namespace) -> Any:
    from fineview.core.evidence import DarSettings, Method, Task
    from fineview.core.study import FrameKey
    from fineview.services.analysis_files import AnalysisWish, analyse_to_files
    from fineview.services.analysis_volume import analyse_volume_to_files
    from fineview.services.encodings import Encodings
    from fineview.services.frame_choice import choose_frame, choose_series
    from fineview.services.open_study import scan_all

    token = progress_token()
    with opened(wish) as app:
        _, series = choose_series(scan_all(app.archive, [wish.path], token), wish.series)
        asked = AnalysisWish(Method(wish.method), wish.question, wish.region, Task(wish.task),
                             DarSettings(edges=wish.edges, adaptive=wish.adaptive))
        if wish.all_frames:
            every = [FrameKey(series.uid, number) for number in range(len(series.frames))]
            made = analyse_volume_to_files(series, every, asked, app.archive, app.engine(), wish.out, token)
        else:
            made = [analyse_to_files(series, choose_frame(series, wish.frame), asked, app.archive, app.engine(),
                                     Encodings(), wish.out, token)]
    result: dict[str, Any] = {"frames": made} if wish.all_frames else made[0]
    if wish.json:
        return result
    for one in made:
        warning = ", untrained fusion" if one["encoder"]["fusion"] == "untrained" else ""
        print(f"frame {one['frame']['index']}: {len(one['proposals'])} suggested lesions, domain "
              f"{one['encoder']['domain']}, {one['seconds']['total']:.2f} s, {one['encoder']['name']}{warning}")
    print(f"Written to {wish.out.resolve()}")
    return 0


def ask(wish: argparse.Namespace) -> Any:
    if wish.questions is not None:
        return _ask_many(wish)
    if wish.path is None or not wish.question:
        raise WrongWords("A path and a question are needed.", "Example: fineview ask STUDY \"what is this?\"")
    with opened(wish) as app:
        made = _Asker(app, wish.answerer).ask(wish.path, wish.question, wish.frame, wish.region)
    if wish.json:
        return answer_object(made)
    print(made.text)
    return 0


def _ask_many(wish: argparse.Namespace) -> int:
    """One compact JSON answer a line, in order; a failing question has its error on its line."""
    try:
        # Not splitlines: a JSON text may hold U+2028 and its like.
        lines = wish.questions.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputProblem(f"{wish.questions} cannot be read.", "Give a text file with one JSON object a line.",
                           "not-found") from error
    with opened(wish) as app:
        asker = _Asker(app, wish.answerer)
        for line in filter(str.strip, lines):
            print(as_json(_one_line(asker, line), compact=True), flush=True)
    return 0


def _one_line(asker: _Asker, line: str) -> dict[str, Any]:
    try:
        try:
            asked = json.loads(line)
            box = asked.get("region")
            region = parse_region(",".join(str(v) for v in box)) if box is not None else None
            path, text, frame = Path(asked["path"]), asked["question"], asked.get("frame")
            if not isinstance(text, str) or not (frame is None or type(frame) is int):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError, argparse.ArgumentTypeError) as error:
            raise RequestProblem("This line is not a question.",
                                 "Write {\"path\", \"frame\", \"region\": [x, y, w, h] or null, \"question\"}.",
                                 "words") from error
        follows, beside = bool(asked.get("follows")), asked.get("beside")
        other = parse_region(",".join(str(v) for v in beside)) if beside is not None else None
        return answer_object(asker.ask(path, text, frame, region, follows, other))
    except FineViewError as error:
        return {"error": error.as_dict()}
    except Exception as error:  # one line that breaks something must not cost the answers of the others
        return {"error": FineViewError(f"Something unexpected went wrong ({type(error).__name__}).",
                                       "Ask this question alone with --debug and report what it prints.").as_dict()}


class _Asker:
    """Asks on files; remembers scans and encodings, so that many questions on one frame encode once.

    ``named``: an encoder by name or folder, or the folder of a model that answers in words; its own config says which.
    """

    def __init__(self, app: App, named: str | None = None) -> None:
        from fineview.services.encodings import Encodings

        self._app, self._encodings = app, Encodings()
        self._found: dict[Path, Any] = {}
        self._last: Answer | None = None
        self._answerer = app.answerer(Path(named)) if named and Path(named).is_dir() else None
        if not named or self._answerer is not None:
            return
        if not Path(named).is_dir() and named not in (one.name for one in app.encoders()):
            raise RequestProblem(f"There is no answerer \"{named}\".", "\"fineview models list\" names those at hand; "
                                 "a folder of weights can be given too.", "no-answerer")
        app.encoder = named

    def ask(self, path: Path, text: str, frame: int | None, region: Region | None, follows: bool = False,
            beside: Region | None = None) -> Answer:
        """``follows``: the question may point back to the one before; ``beside``: a region to compare with."""
        from fineview.services.analyse import FrameRequest
        from fineview.services.answer_by_model import answer_by_model
        from fineview.services.frame_choice import choose_frame, choose_series
        from fineview.services.ground import Ground
        from fineview.services.open_study import scan_all
        from fineview.services.phrasing import worded

        token = progress_token() if self._answerer is not None else Token()
        if path not in self._found:
            self._found[path] = scan_all(self._app.archive, [path], token)
        study, series = choose_series(self._found[path], None)
        key = choose_frame(series, frame)
        info = series.frames[key.index]
        request = FrameRequest(key, self._app.archive.read_frame(info), info.spacing, series.modality)
        question = Question(text, study.uid, key, region)

        def frame_at(number: int) -> FrameRequest | None:
            if not 0 <= number < len(series.frames):
                return None
            other = series.frames[number]
            return FrameRequest(FrameKey(series.uid, number), self._app.archive.read_frame(other), other.spacing,
                                series.modality)

        ground = Ground(question, request, series.laterality, self._app.engine, self._encodings, token,
                        self._app.read_question, self._last if follows else None,
                        (beside,) if beside is not None else (), frame_at, self._app.phraser)
        if self._answerer is None:
            self._last = worded(ground).answer
            return self._last
        made = self._last = answer_by_model(ground, self._answerer, lambda text, _: token.report(0, 0, text)).answer
        token.report(1, 1)  # the words that streamed give way to the answer
        return made


def _words(text: str) -> list[str]:
    """The words of a comma-separated list, each once."""
    return list(dict.fromkeys(word.strip() for word in text.split(",")))


def report(wish: argparse.Namespace) -> Any:
    from fineview.app import SOFTWARE
    from fineview.services.clock import now_iso
    from fineview.services.compose_report import ReportRequest, compose, write_report
    from fineview.services.frame_choice import choose_series
    from fineview.services.grid_entry import entries_of
    from fineview.services.open_study import scan_all

    token = progress_token()
    with opened(wish) as app:
        study, _ = choose_series(scan_all(app.archive, [wish.path], token), None)
        findings = app.journal.findings(study.uid)
        author = next((f.author for f in findings if f.author), app.journal.setting("author") or "unnamed reader")
        kept = app.journal.grids(study.uid)
        grids = entries_of(kept)
        request = ReportRequest(study, findings, app.journal.answers(study.uid), (), author, now_iso(), SOFTWARE,
                                grids=grids)
        written = write_report(compose(request, app.archive, token), app.writers(), _words(wish.format), wish.out)
    if wish.json:
        return {"files": [str(path) for path in written],
                "findings": sum(f.in_report and bool(f.label) for f in findings),
                "grids": len(entries_of(kept, study))}
    print(f"Written and read back: {', '.join(str(path) for path in written)}")
    return 0
