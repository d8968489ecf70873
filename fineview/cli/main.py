"""Words -> a use case -> what it says.  Exit 0 done, 1 could not be done, 2 wrong words; never a traceback."""

from __future__ import annotations

import argparse
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fineview.cli.json_line import as_json
from fineview.cli.words import build
from fineview.core.errors import Cancelled, FineViewError, WrongWords

Handler = Callable[[argparse.Namespace], Any]


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name need not be text in the terminal's encoding
    parser = build()
    try:
        wish = parser.parse_args(_with_command(parser, list(argv)))
    except SystemExit as stop:  # argparse has already said what was wrong
        return int(stop.code or 0)
    wish.argv = list(argv)
    if wish.version:
        from fineview import __version__

        print(f"fineview {__version__}")
        return 0
    return _guarded(wish)


def _with_command(parser: argparse.ArgumentParser, argv: list[str]) -> list[str]:
    """``fineview PATH ...`` and ``fineview`` mean the window; any other first word must be a command."""
    known = parser._subparsers._group_actions[0].choices or {}  # type: ignore[union-attr]
    valued = {name for action in known["open"]._actions if action.nargs is None for name in action.option_strings}
    first = next((i for i, word in enumerate(argv)
                  if not word.startswith("-") and not (i and argv[i - 1] in valued)), None)
    if first is None:
        asked = {"-h", "--help", "--version"} & set(argv)
        return argv if asked else ["open", *argv]
    word = argv[first]
    if word in known:
        return argv
    if Path(word).exists():
        return ["open", *argv]
    parser.print_usage(sys.stderr)
    print(f"fineview: \"{word}\" is neither a command nor a file.", file=sys.stderr)
    raise SystemExit(2)


def _guarded(wish: argparse.Namespace) -> int:
    if not wish.debug:
        # A bug that a window outlives is logged with its traceback; only --debug lets it reach the terminal.
        logging.getLogger("fineview").addHandler(logging.NullHandler())
    try:
        handler = _handler(wish.command)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on Ctrl-C unwinds and closes
        return _said(handler(wish))
    except WrongWords as error:
        print(f"fineview: {error}", file=sys.stderr)
        return 2
    except FineViewError as error:
        return _refused(error, wish)
    except (KeyboardInterrupt, Cancelled):
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read this has left.  What is still in the buffer goes nowhere, and Python says nothing at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if wish.debug:
            raise
        from fineview.services.jobs import spoken

        return _refused(spoken(error), wish)


def _said(made: Any) -> int:
    """Print an object as one line of JSON; a handler that has spoken itself gives its exit code."""
    code = made if isinstance(made, int) else 0
    if made is not None and not isinstance(made, int):
        print(as_json(made))
    sys.stdout.flush()
    return code


def _refused(error: FineViewError, wish: argparse.Namespace) -> int:
    if wish.debug:
        import traceback

        traceback.print_exc()
    if wish.json:
        print(as_json({"error": error.as_dict()}))
    else:
        print(str(error), file=sys.stderr)
    return 1


def _handler(command: str) -> Handler:
    """Import only the module of the command that was asked for."""
    from fineview.cli import enface, pacs, plugins, study, thickness, workshop

    handlers: dict[str, Handler] = {
        "open": study.window, "demo": study.demo, "info": study.info, "analyze": study.analyze, "ask": study.ask,
        "report": study.report, "thickness": thickness.thickness, "enface": enface.enface,
        "models": workshop.models, "train": workshop.train,
        "evaluate": workshop.evaluate,
        "bench": workshop.bench, "doctor": workshop.doctor, "deidentify": workshop.later, "batch": workshop.later,
        "pacs": pacs.pacs,
        "plugins": plugins.plugins}
    return handlers[command]
