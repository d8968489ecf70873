# Shared by demo.sh and test.sh: "set_up demo" or "set_up test" makes .venv in the repository and what it needs.
# Second runs find a stamp of pyproject.toml and constraints.txt and change nothing.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"

say() { printf '%s\n' "fineview: $*" >&2; }
stop() { say "$@"; exit 1; }

# The command that runs another one as root: nothing for root, "sudo -n" where no password is asked for.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  else return 126
  fi
}

installed() {  # Ubuntu 24.04 renamed some libraries to ...t64
  local name
  for name in "$1" "$1t64"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | cut -c1-2)" = "ii" ] && return 0
  done
  return 1
}

# install_system GROUP ...: install what is missing; without the right to, print the one line a person must run.
install_system() {
  command -v dpkg-query >/dev/null || { say "not a Debian or Ubuntu machine: packaging/system.txt lists what is needed"; return 0; }
  local missing=() group name
  for group in "$@"; do
    for name in $(sed -n "s/^$group //p" "$ROOT/packaging/system.txt"); do
      installed "$name" || missing+=("$name")
    done
  done
  [ "${#missing[@]}" = 0 ] && return 0
  apt_install "${missing[@]}"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  if as_root true; then
    say "installing system packages: $*"
    as_root apt-get update -qq >&2 && as_root apt-get install -y -qq --no-install-recommends "$@" >&2 && return 0
    say "apt-get could not install them"
  fi
  say "some system packages are missing; please run this line, then start again:"
  printf '  sudo apt-get install -y %s\n' "$*" >&2
  return 1
}

find_python() {
  local one
  for one in ${FINEVIEW_PYTHON:-} python3 python3.11 python3.12 python3.13; do
    # A version manager's stand-in may exist and fail: only one that answers counts.
    if "$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$one"; return 0
    fi
  done
  return 1
}

make_venv() {
  local python version
  python="$(find_python)" || { apt_install python3 python3-venv && python="$(find_python)" || stop "Python 3.11 or newer is needed."; }
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    apt_install "python$version-venv" || exit 1
  fi
  say "creating .venv with $("$python" --version)"
  "$python" -m venv --clear "$VENV" || stop "The virtual environment could not be created in $VENV."
}

# Whether what pip would install brings CUDA libraries along (gigabytes that a CPU has no use for).
would_pull_cuda() {
  local report
  report="$("$VENV/bin/pip" install -qq --dry-run --report - -c "$ROOT/packaging/constraints.txt" torch)" ||
    stop "pip finds no torch that fits; see its message above."
  printf '%s' "$report" | "$VENV/bin/python" -c '
import json, sys
names = {one["metadata"]["name"].lower() for one in json.load(sys.stdin)["install"]}
sys.exit(0 if any(name.startswith(("nvidia-", "cuda-")) for name in names) else 1)'
}

# Install torch first where it needs a decision; leaves it to the main installation where the CPU build is found.
choose_torch() {
  if [ -n "${FINEVIEW_TORCH_INDEX:-}" ]; then
    say "taking torch from the address in FINEVIEW_TORCH_INDEX"
    "$VENV/bin/pip" install -qq --index-url "$FINEVIEW_TORCH_INDEX" -c "$ROOT/packaging/constraints.txt" torch ||
      stop "torch could not be installed from there."
  elif would_pull_cuda; then
    say "where pip looks there is no CPU build of torch: taking the one with CUDA libraries (several gigabytes)."
    say "  To take the smaller CPU build, stop this and set FINEVIEW_TORCH_INDEX to the CPU address that"
    say "  pytorch.org/get-started/locally names."
  else
    say "torch: the CPU build that pip finds is taken"
  fi
}

stamp() { { cat "$ROOT/pyproject.toml" "$ROOT/packaging/constraints.txt"; echo "$ROOT"; } | sha256sum | cut -c1-64; }

# set_up demo | test
set_up() {
  local kind="$1" want have=""
  want="$(stamp)"
  [ -x "$VENV/bin/python" ] && [ -f "$VENV/fineview.stamp" ] && have="$(cat "$VENV/fineview.stamp")"
  if [ "$have" = "$want test" ] || [ "$have" = "$want $kind" ]; then return 0; fi
  # An environment that was moved, or belongs to another Python, is made anew.
  if ! "$VENV/bin/python" -c "import sys; sys.exit(sys.prefix != '$VENV')" 2>/dev/null || ! [ -f "$VENV/fineview.stamp" ]; then
    make_venv
  fi
  choose_torch
  rm -f "$VENV/fineview.stamp"
  local target=".[pacs]"
  [ "$kind" = test ] && target=".[test,train,pacs,eyepy]"
  say "installing Python packages (about a minute)"
  (cd "$ROOT" && "$VENV/bin/pip" install -qq -c packaging/constraints.txt -e "$target") ||
    stop "pip could not install the packages; see its message above."
  "$VENV/bin/pip" check >&2 || stop "The installed packages do not fit together."
  echo "$want $kind" >"$VENV/fineview.stamp"
}
