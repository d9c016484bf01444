#!/bin/sh
# Sees to it that redis-server is installed, so that ours can be measured and tested beside it. Installs it
# and its tools with the machine's package manager and says so first; where that takes sudo, it asks. It
# starts no service. NO_INSTALL=1 forbids to install. Ends with 0 when redis-server is there.
set -u

have() { command -v "$1" >/dev/null 2>&1; }

have redis-server && exit 0

give_up() {
    echo "redis-server is missing: $1" >&2
    echo "To install it: Debian and Ubuntu: apt-get install redis-server; Fedora: dnf install redis;" >&2
    echo "Arch: pacman -S redis; Alpine: apk add redis; macOS: brew install redis" >&2
    exit 1
}

[ "${NO_INSTALL:-0}" != 1 ] || give_up "NO_INSTALL=1 forbids to install it."

if have brew; then
    manager=brew
elif have apt-get; then
    manager=apt-get
elif have dnf; then
    manager=dnf
elif have pacman; then
    manager=pacman
elif have apk; then
    manager=apk
else
    give_up "no package manager was found that this script knows."
fi

echo "redis-server is missing. Installing it with $manager; its service is not started."

sudo=
if [ "$manager" != brew ] && [ "$(id -u)" != 0 ]; then
    have sudo || give_up "installing it needs root, and there is no sudo."
    [ -t 0 ] || give_up "installing it needs sudo, and nobody is here to ask."
    printf 'This needs sudo. Go on? [y/N] '
    read -r answer
    case $answer in
        y | Y | yes) sudo=sudo ;;
        *) give_up "not installed, as you wish." ;;
    esac
fi

# Debian starts a service when it is installed, unless this file forbids it. One that is there already is
# somebody's decision, and stays.
install_with_apt() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap '$sudo rm -f $policy' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy
    fi
    $sudo apt-get update -q &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y redis-server redis-tools
}

case $manager in
    brew) brew install redis ;;
    apt-get) install_with_apt ;;
    dnf) $sudo dnf install -y redis ;;
    pacman) $sudo pacman -S --noconfirm redis ;;
    apk) $sudo apk add redis ;;
esac >/dev/null || give_up "$manager could not install it."

have redis-server || give_up "$manager installed something, but no redis-server."
