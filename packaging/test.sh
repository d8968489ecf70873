#!/usr/bin/env bash
# Set everything up and pass the checks.  Arguments go to pytest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_system base screen || exit 1
install_system tests || say "going on without them: tests that need them are skipped"
set_up test

cd "$ROOT"
export QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
run() { say "$*"; "$VENV/bin/$@"; }
run ruff check fineview plugins tests
run mypy
run lint-imports --no-logo --no-cache
# Two processes; the tests of one file stay together, since they share what was expensive to make.
run pytest -q -n 2 --dist loadfile "$@"
