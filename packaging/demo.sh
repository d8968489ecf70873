#!/usr/bin/env bash
# Set everything up and run the main job on the bundled sample study.  Arguments go to "fineview demo".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  install_system base screen || exit 1
  mode=()
else
  say "no screen here: running without a window"
  install_system base || exit 1
  mode=(--headless)
fi
set_up demo
exec "$VENV/bin/fineview" demo "${mode[@]}" "$@"
