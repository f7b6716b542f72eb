# shellcheck shell=sh
# What the scripts share.

# die MESSAGE: one line to standard error, and no more.
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# apt_install REASON PACKAGE...: as root, or with sudo where it is to be had; otherwise say what to install.
apt_install() {
    advice="$1; please install what is missing: apt-get install"
    shift
    advice="$advice $*"
    command -v apt-get >/dev/null || die "$advice"
    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "$advice"
        # A password is asked for only where someone can type it.
        sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || die "$advice"
        sudo=sudo
    fi
    echo "installing $*" >&2
    # --no-remove: to drop somebody's MySQL for the sake of the tests is not ours to decide.
    # The lock: on a machine just started, apt may be busy with its own upgrades.
    set -- env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends --no-remove \
        -o DPkg::Lock::Timeout=120 "$@"
    # Lists that are missing or old are fetched when it turns out that they are. Apt is heard only when it fails twice.
    $sudo "$@" </dev/null >/dev/null 2>&1 || output=$({ $sudo apt-get update -qq && $sudo "$@"; } </dev/null 2>&1) || {
        printf '%s\n' "$output" >&2
        die "$advice"
    }
}
