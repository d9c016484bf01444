#!/bin/sh
# Says what is there of what the workshop uses, and how to get what is missing. Changes nothing. Ends with 1
# when something is missing without which no stage runs.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac
status=0

have() { command -v "$1" >/dev/null 2>&1; }
line() { printf '%-9s %-16s %s\n' "$1" "$2" "$3"; }

if have brew; then
    install="brew install"
elif have apt-get; then
    install="sudo apt-get install"
elif have dnf; then
    install="sudo dnf install"
elif have pacman; then
    install="sudo pacman -S"
elif have apk; then
    install="sudo apk add"
else
    install="with your package manager, install"
fi

# Whether version $1 is $2 or newer.
new_enough() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$2" ]
}

# The oldest Rust that will do, as the first stage has it.
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/01-tcp-echo/Cargo.toml")

rust() {
    if ! have cargo || ! have rustc; then
        line missing "Rust" "install it from https://rustup.rs/"
        status=1
        return
    fi
    version=$(rustc --version | cut -d ' ' -f 2)
    if new_enough "$version" "$wanted"; then
        line ok "Rust" "$version"
    else
        line old "Rust" "$version; $wanted is needed: rustup update"
        status=1
    fi
}

# $1: the program. $2: what it is for. $3: the package that has it.
program() {
    if have "$1"; then
        line ok "$1" "$2"
    else
        line missing "$1" "$2: $install $3"
    fi
}

# A connection is an open file, and the many clients of the checks and of stage 07 are connections.
files() {
    limit=$(ulimit -n)
    if [ "$limit" = unlimited ] || [ "$limit" -ge 1024 ]; then
        line ok "open files" "$limit"
    else
        line low "open files" "$limit, where checks with 200 clients want 1024: ulimit -n 1024"
    fi
}

built() {
    for stage in 01-tcp-echo 02-resp-parser 03-get-set 04-concurrency 05-expiry 06-commands-persistence 07-benchmark; do
        profile=debug
        case $stage in 06* | 07*) profile=release ;; esac
        if [ -x "$target/$profile/step$stage" ]; then
            line built "$stage" ""
        else
            line "not built" "$stage" "make setup builds all"
        fi
    done
}

# The names of the packages differ.
server=redis tools=redis nc=netcat
if have apt-get; then
    server=redis-server tools=redis-tools nc=netcat-openbsd
elif have dnf; then
    nc=nmap-ncat
elif have pacman; then
    nc=openbsd-netcat
elif have apk; then
    nc=netcat-openbsd
fi

rust
program git "make diff" git
program nc "the guides talk to the first stages with it" $nc
program redis-cli "talks to the servers from stage 02 on" $tools
program redis-benchmark "make models" $tools
program redis-server "what the servers are compared with" $server
files
built
exit $status
