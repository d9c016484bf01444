#!/bin/sh
# Installs the clients whose users stage 06 is toured with, redis-py and ioredis, into target/clients: a few megabytes, and
# nothing outside of that folder. Needs python3 with pip, and npm. The versions are fixed, as a newer client may expect other
# replies. Ends with 0 when both are there.
set -u
cd "$(dirname "$0")/.." || exit 1
clients=${CARGO_TARGET_DIR:-target}/clients
status=0

# $1: the file that is there when it is installed. The rest: how to install it.
install() {
    there=$clients/$1
    shift
    [ -e "$there" ] && return
    timeout 120 "$@" >/dev/null || {
        echo "could not be installed: $*" >&2
        status=1
    }
}

mkdir -p "$clients"
install python/redis-8.1.0.dist-info \
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
    --upgrade --target "$clients/python" redis==8.1.0
install node_modules/ioredis \
    npm install --silent --no-audit --no-fund --prefix "$clients" ioredis@6.0.0
exit $status
