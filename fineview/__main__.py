"""``python -m fineview`` and the ``fineview`` script."""

from __future__ import annotations

import os
import sys

STOPPED = 130


def main() -> int:
    """Run the command line; ``--version`` answers before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        from fineview import __version__

        print(f"fineview {__version__}")
        return 0
    try:
        from fineview.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has begun
        code = STOPPED
    if code == STOPPED:
        # Everything is closed by now; taking the libraries apart would keep a person waiting for nothing.
        sys.stderr.flush()
        os._exit(STOPPED)
    return code


if __name__ == "__main__":
    sys.exit(main())
