"""``python -m fineview`` and the ``fineview`` script."""

from __future__ import annotations

import os
import signal
import sys

STOPPED = 130


def _leave(*_: object) -> None:
    print("stopped", file=sys.stderr, flush=True)
    os._exit(STOPPED)


def main() -> int:
    """Run the command line; ``--version`` answers before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        from fineview import __version__

        print(f"fineview {__version__}")
        return 0
    # Raised inside a library that is being loaded, a KeyboardInterrupt comes out as something else.  Until a command
    # begins (``cli.main``) nothing is open, so Ctrl-C may simply leave.
    signal.signal(signal.SIGINT, _leave)
    from fineview.cli.main import run

    code = run(sys.argv[1:])
    if code == STOPPED:
        # Everything is closed by now; taking the libraries apart would keep a person waiting for nothing.
        sys.stderr.flush()
        os._exit(STOPPED)
    return code


if __name__ == "__main__":
    sys.exit(main())
