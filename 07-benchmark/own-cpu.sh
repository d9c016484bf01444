#!/usr/bin/env bash
# CPU time for a request and throughput of this load generator and of redis-benchmark: GET, in turns (A B, B A,
# ...) against one redis-server that is started for it. Prints the medians. Usage: own-cpu.sh PATH [ROUNDS]
set -euo pipefail

ours=${1:?usage: own-cpu.sh PATH-OF-STEP07-BENCHMARK [ROUNDS]}
rounds=${2:-7}
directory=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
redis-server --port $port --bind 127.0.0.1 --save "" --appendonly no --dir "$directory" >/dev/null &
server=$!
trap 'kill $server; wait $server 2>/dev/null || true; rm -rf "$directory"' EXIT
until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.05; done
redis-benchmark -p $port -t set -n 200000 -r 100000 -d 16 -P 16 -q >/dev/null

TIMEFORMAT='%U %S'
# turn NAME PROGRAM PIPELINE REQUESTS: appends "user system throughput", times in microseconds for a request.
turn() {
    local name=$1 program=$2 pipeline=$3 requests=$4 times rps
    times=$({ time "$program" -p $port -t get -c 50 -P "$pipeline" -n "$requests" -r 100000 -d 16 --csv \
        >"$directory/out"; } 2>&1)
    rps=$(awk -F'"' 'END { print $4 }' "$directory/out")
    awk -v n="$requests" -v rps="$rps" '{ print $1 / n * 1e6, $2 / n * 1e6, rps }' <<<"$times" >>"$directory/$name"
}

median() { awk "{ print $1 }" "$2" | sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

printf '%-8s %-18s %10s %10s %14s\n' "" "" "CPU us" "of it user" "requests/s"
for depth in "1 200000" "16 2000000" "64 4000000"; do
    read -r pipeline requests <<<"$depth"
    rm -f "$directory/a" "$directory/b"
    for round in $(seq "$rounds"); do
        order="a b"
        ((round % 2)) || order="b a"
        for who in $order; do
            program=$ours
            [ "$who" = a ] || program=redis-benchmark
            turn "$who" "$program" "$pipeline" "$requests"
        done
    done
    for who in a b; do
        name=step07-benchmark
        [ "$who" = a ] || name=redis-benchmark
        printf '%-8s %-18s %10.3f %10.3f %14.0f\n' "-P $pipeline" $name "$(median '$1 + $2' "$directory/$who")" \
            "$(median '$1' "$directory/$who")" "$(median '$3' "$directory/$who")"
    done
    paste "$directory/a" "$directory/b" >"$directory/both"
    printf '%-8s %-18s %9.2fx %9.2fx %13.2fx\n' "" "median of ratios" \
        "$(median '($1 + $2) / ($4 + $5)' "$directory/both")" "$(median '$1 / ($4 + 1e-9)' "$directory/both")" \
        "$(median '$3 / $6' "$directory/both")"
done
