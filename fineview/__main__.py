"""``python -m fineview`` and the ``fineview`` script."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; ``--version`` answers before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        from fineview import __version__

        print(f"fineview {__version__}")
        return 0
    try:
        from fineview.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has begun
        return 130


if __name__ == "__main__":
    sys.exit(main())
