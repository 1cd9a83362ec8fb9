#!/bin/sh
# Bring .venv up to date with the locked requirements; exits immediately if it is.
#
#   scripts/environment.sh run    the packages that running Agentarium needs
#   scripts/environment.sh dev    also those that developing it needs
set -eu
cd "$(dirname "$0")/.."
level=$1
python=${PYTHON:-python3}

fail() {
    echo "$1" >&2
    exit 1
}

# A .venv that has the development packages keeps them.
if [ -f .venv/.locked-dev ]; then level=dev; fi

# Compare contents, not times: a checkout touches files that it does not change.
locks="requirements/uv.txt requirements/build.txt requirements/$level.txt pyproject.toml"
# shellcheck disable=SC2086
wanted="$PWD $(cat $locks | cksum)"
if [ "$(cat ".venv/.locked-$level" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c ''; then
    exit 0
fi

command -v "$python" >/dev/null ||
    fail "Agentarium needs Python 3.11 or newer, and $python was not found: install it, or name another interpreter with PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Agentarium needs Python 3.11 or newer, and $python is $("$python" -V 2>&1): install a newer one, or name it with PYTHON=..."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments here: install its venv package (on Debian: apt-get install python3-venv)."

echo "Installing the locked Python packages into .venv ..." >&2
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
fi
rm -f .venv/.locked-*
# pip installs uv, which is locked separately and installs the rest much faster.
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r requirements/uv.txt
uv() { .venv/bin/python -m uv --quiet "$@"; }
# Compile bytecode now; otherwise the first start takes seconds longer.
uv pip sync --python .venv/bin/python --require-hashes --compile-bytecode \
    "requirements/$level.txt"
uv pip install --python .venv/bin/python --no-deps \
    --build-constraints requirements/build.txt --editable .
echo "$wanted" >".venv/.locked-$level"
