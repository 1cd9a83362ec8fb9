#!/bin/sh
# Install the system packages that the tests need, if they are missing:
# PostgreSQL, PgBouncer, Redis and Chromium.
set -eu

has() {
    command -v "$1" >/dev/null
}

missing=
{ has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; } || missing="$missing postgresql"
{ has pgbouncer || [ -x /usr/sbin/pgbouncer ]; } || missing="$missing pgbouncer"
has redis-server || missing="$missing redis-server"
[ -x "${AGENTARIUM_CHROMIUM:-}" ] || has chromium || missing="$missing chromium"
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" != 0 ] || ! has apt-get; then
    echo "The tests need these programs:$missing. On Debian: sudo apt-get install$missing" >&2
    exit 1
fi

# Debian starts the services that it installs; the tests start their own instead.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
fi
echo "Installing$missing ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# shellcheck disable=SC2086
apt-get install --quiet=2 --yes --no-install-recommends $missing >/dev/null
