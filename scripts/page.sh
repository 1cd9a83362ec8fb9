#!/bin/sh
# Build the web page into the Python package; exits immediately if it is up to date.
#
#   scripts/page.sh packages    only install the npm packages
#   scripts/page.sh build       also build the page
set -eu
cd "$(dirname "$0")/../frontend"
built=../backend/agentarium/page/index.html

fail() {
    echo "$1" >&2
    exit 1
}

# Compare contents, not times: a checkout touches files that it does not change.
fingerprint() {
    LC_ALL=C sort | xargs cksum | cksum
}

source_files() {
    find . -type f ! -path './node_modules/*' ! -path './e2e/*' \
        ! -path './test-results/*' ! -path './playwright-report/*'
}

is_current() {
    [ "$(cat "node_modules/.$1" 2>/dev/null)" = "$2" ]
}

packages=$(ls package.json package-lock.json .npmrc | fingerprint)
sources=$(source_files | fingerprint)
if is_current packages "$packages"; then
    if [ "$1" = packages ]; then exit 0; fi
    if [ -f "$built" ] && is_current built "$sources"; then exit 0; fi
fi

command -v node >/dev/null && command -v npm >/dev/null ||
    fail "Building the page needs Node 20 and npm, which were not found: install them (https://nodejs.org)."
[ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] ||
    fail "Building the page needs Node 20 or newer, and this is $(node --version): install a newer one."

if ! is_current packages "$packages"; then
    echo "Installing the locked npm packages into frontend/node_modules ..." >&2
    npm ci --loglevel=error --no-audit --no-fund
    echo "$packages" >node_modules/.packages
fi
if [ "$1" = build ]; then
    echo "Building the page ..." >&2
    npm run --silent build
    echo "$sources" >node_modules/.built
fi
