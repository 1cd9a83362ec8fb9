#!/bin/sh
# Install the programs of others that `make test-integrations` walks through, each from its
# lock, into build/integrations/.
set -eu
cd "$(dirname "$0")/.."

for folder in integrations/*/; do
    [ -f "$folder/package-lock.json" ] || continue
    target="build/$folder"
    mkdir -p "$target"
    cp "$folder/package.json" "$folder/package-lock.json" "$folder/.npmrc" "$target"
    npm --prefix "$target" ci --ignore-scripts --no-progress
done
