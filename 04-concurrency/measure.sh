#!/usr/bin/env bash
# Measures the four models side by side with redis-benchmark, each server in turn on a free port, and
# redis-server beside them where it is installed. Usage: measure.sh PATH-OF-THE-SERVER
set -euo pipefail

server=${1:?usage: measure.sh PATH-OF-THE-SERVER}
command -v redis-benchmark >/dev/null || {
    echo "measure.sh needs redis-benchmark (Debian: redis-tools, macOS: brew install redis)" >&2
    exit 1
}
directory=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$directory"' EXIT

# start COMMAND...: waits until the server says where it listens, and sets port and pid.
start() {
    "$@" >"$directory/out" 2>"$directory/err" &
    pid=$!
    for _ in $(seq 100); do
        port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$directory/out")
        [ -n "$port" ] && return
        sleep 0.05
    done
    echo "$1 did not start:" >&2
    cat "$directory/err" >&2
    exit 1
}

stop() {
    kill "$pid"
    wait "$pid" || true
    pid=
}

# median TEST CLIENTS PIPELINE REQUESTS: thousands of requests per second, the median of three runs.
median() {
    for _ in 1 2 3; do
        redis-benchmark -p "$port" -t "$1" -c "$2" -P "$3" -n "$4" -d 16 -r 100000 --csv 2>/dev/null |
            awk -F'"' 'END { print $4 }'
    done | sort -n | awk 'NR == 2 { printf "%.0f k", $1 / 1000 }'
}

row() {
    local name=$1 clients=$2
    # One client alone gets fewer requests, so that its row takes no longer than the others.
    local plain=$((clients == 1 ? 40000 : 150000)) pipelined=$((clients == 1 ? 400000 : 1000000))
    printf '%-22s %8s' "$name" "$clients"
    printf ' %10s' "$(median set "$clients" 1 "$plain")" "$(median get "$clients" 1 "$plain")" \
        "$(median set "$clients" 16 "$pipelined")" "$(median get "$clients" 16 "$pipelined")"
    printf '\n'
}

echo "Requests per second, redis-benchmark -d 16 -r 100000, median of three runs"
printf '%-22s %8s %10s %10s %10s %10s\n' "model" "clients" "SET -P 1" "GET -P 1" "SET -P 16" "GET -P 16"
# With more than one client the sequential model never ends: all but the first wait for ever.
for model in "sequential 1" "threads 50" "tasks 50" "tasks 50 2" "actor 50" "actor 50 2"; do
    read -r name clients threads <<<"$model"
    start "$server" --port 0 --model "$name" --threads "${threads:-1}"
    row "$name${threads:+, $threads threads}" "$clients"
    stop
done

if command -v redis-server >/dev/null; then
    port=$((20000 + RANDOM % 10000))
    (cd "$directory" && exec redis-server --port "$port" --save "" --appendonly no >"$directory/redis") &
    pid=$!
    for _ in $(seq 100); do
        redis-cli -p "$port" ping >/dev/null 2>&1 && break
        sleep 0.05
    done
    row redis-server 1
    row redis-server 50
    stop
fi
