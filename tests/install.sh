#!/bin/sh
# Installs what the tests need on Debian 12 or 13, and nothing if all of it is there. As root, or with sudo.
# GreenMail (Java, 200 MB) only where it is asked for (MAIL=greenmail, as `make test` does) or where java is installed.
# Delta Chat's core (26 MB, from PyPI by pip) only where it is asked for (DELTACHAT=yes, as `make test` does).
# Rust only where there is none, or an older one than Cargo.toml wants; RUST=no forbids it. `tests/install.sh rust` does that
# alone.
set -eu
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
ACCOUNT=stanzamail-test
GREENMAIL=2.1.13 # tests/servers/greenmail.rs names it too
SHA256=21b361e46e8ffe83afe7915a2b01231c4a163c8d0fa5de607e32ed19732d908d
CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/stanzamail-test"
JAR="$CACHE/greenmail-standalone-$GREENMAIL.jar"
DELTA=2.65.0 # tests/servers/delta_chat.rs names it too
DELTA_SHA256="f2ec9f161ad0ebd3352791a7f8a72d5a1a0e4f3babbd3f12ca8cef40ad8b8aa0 73cb549de372650b623d24e196b5efb55cea546e714c01b40825d9bc71f5f456"
CORE="$CACHE/deltachat-$DELTA/deltachat-rpc-server"
WANTED_RUST=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
CARGO_BIN="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
PATH="$CARGO_BIN:$PATH" # the Makefile does so too

die() { printf 'tests/install.sh: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
# Is there a file of that pattern?
exists() { for file in $1; do [ -e "$file" ] && return 0; done; return 1; }

missing=
# need PACKAGE test…: notes the package unless the test holds.
need() { package=$1; shift; "$@" || missing="$missing $package"; }

# `debian 12`, from os-release(5).
SYSTEM=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-?} ${VERSION_ID:-?}") || SYSTEM='?'
known() { case $SYSTEM in "debian 12" | "debian 13") ;; *) false ;; esac; }

greenmail_wanted() { [ "${MAIL:-}" = greenmail ] || has java; }

delta_wanted() { [ "${DELTACHAT:-}" = yes ] && ! [ -x "$CORE" ]; }

look() {
    missing=
    need prosody has prosody
    need prosody-modules exists /usr/lib/prosody/modules/mod_privilege
    need lua-event exists '/usr/lib/*/lua/*/luaevent/core.so'
    need lua-sec exists '/usr/share/lua/*/ssl.lua'
    need lua-unbound exists '/usr/lib/*/lua/*/lunbound.so'
    need ejabberd has ejabberdctl
    need postfix has postfix
    need opendkim has opendkim
    need opendkim-tools has opendkim-genkey
    need dovecot-imapd exists /usr/lib/dovecot/imap
    need dovecot-lmtpd exists /usr/lib/dovecot/lmtp
    need s-nail has s-nail
    need swaks has swaks
    need strace has strace
    need python3-slixmpp exists /usr/lib/python3/dist-packages/slixmpp
    need fakeroot has faked-tcp
    need openssl has openssl
    need curl has curl
    need ca-certificates exists /etc/ssl/certs/ca-certificates.crt
    if delta_wanted; then
        need python3-venv python3 -c 'import ensurepip' 2>/dev/null
    fi
    has cc || missing="$missing build-essential pkg-config"
    if greenmail_wanted; then
        need default-jre-headless has java
        [ -s "$JAR" ] || need maven has mvn
    fi
}

# A person may be asked for a password; a machine has none.
with_sudo() { if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else with_sudo "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { has sudo && with_sudo true; }; }

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }

POLICY=/usr/sbin/policy-rc.d
KEPT=$POLICY.before-stanzamail

# Packages, while no service may start: a test starts its own.
install_packages() {
    trap restore_policy EXIT
    trap 'exit 1' INT TERM HUP
    forbid_services
    before=$(epmds)
    apt_get update
    # shellcheck disable=SC2086 # a list of words
    apt_get install -y --no-install-recommends $missing
    # ejabberd's package starts an epmd on every interface without asking the policy. End that one only.
    for pid in $(epmds); do
        case " $before " in *" $pid "*) ;; *) as_root kill "$pid" || true ;; esac
    done
}

# A policy that forbids already, as in a container, stays untouched. Any other is put aside, once: one put aside by a
# run that was killed is the machine's own, and the one in its place is ours.
ours=
forbid_services() {
    if [ -x $POLICY ] && ! [ -e "$KEPT" ]; then
        answer=0; $POLICY prosody start >/dev/null 2>&1 || answer=$?
        if [ $answer = 101 ]; then return; fi
    fi
    ours=yes
    if [ -e $POLICY ] && ! [ -e "$KEPT" ]; then as_root mv $POLICY "$KEPT"; fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee $POLICY >/dev/null
    as_root chmod 755 $POLICY
}

restore_policy() {
    [ -n "$ours" ] || return 0
    as_root rm -f $POLICY
    if [ -e "$KEPT" ]; then as_root mv "$KEPT" $POLICY; fi
}

# The process ids of every epmd, in one line.
epmds() {
    for comm in /proc/[0-9]*/comm; do
        [ "$(cat "$comm" 2>/dev/null)" = epmd ] && basename "$(dirname "$comm")"
    done | tr '\n' ' '
}

# By Maven, which takes it from where its settings say.
fetch_greenmail() {
    echo "tests/install.sh: GreenMail $GREENMAIL is being fetched by Maven"
    mkdir -p "$CACHE/part"
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        -Dartifact=com.icegreen:greenmail-standalone:$GREENMAIL -DoutputDirectory="$CACHE/part" ||
        { why="Maven could not fetch GreenMail $GREENMAIL: is the repository of its settings in reach?"; return 1; }
    part="$CACHE/part/${JAR##*/}"
    echo "$SHA256  $part" | sha256sum --check --quiet - ||
        { why="what Maven has for GreenMail $GREENMAIL is not it (SHA-256), and was left in $part."; return 1; }
    mv "$part" "$JAR" && rmdir "$CACHE/part"
}

# By pip, into an environment of its own, of which only the program is kept: one for x86-64 or aarch64, whichever this is.
fetch_delta() {
    echo "tests/install.sh: Delta Chat's core $DELTA is being fetched by pip"
    part="$CACHE/deltachat.part"
    rm -rf "$part" && mkdir -p "$part" "${CORE%/*}"
    {
        printf 'deltachat-rpc-server==%s' "$DELTA"
        for sum in $DELTA_SHA256; do printf ' --hash=sha256:%s' "$sum"; done
    } >"$part/requirements"
    python3 -m venv "$part/python" &&
        PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$part/python/bin/pip" install -q --no-deps \
            --only-binary :all: --require-hashes -r "$part/requirements" &&
        mv "$part"/python/lib/python3*/site-packages/deltachat_rpc_server/deltachat-rpc-server "$CORE" &&
        rm -rf "$part"
}

# --- Rust ------------------------------------------------------------------------------------------------------------

# The version of the Rust that is there, or nothing. In `/`: a toolchain file in another folder is not meant.
rust() { (cd / && cargo --version 2>/dev/null) | sed -n 's/^cargo \([0-9.]*\).*/\1/p'; }
# Is the first version older than the second?
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
rust_is_good() { found=$(rust); [ -n "$found" ] && ! older "$found" "$WANTED_RUST"; }

get_rust() {
    there="the one here is $found"
    [ -n "$found" ] || there="there is none"
    by_hand="see https://rustup.rs"
    [ "${RUST:-}" != no ] || die "Rust $WANTED_RUST or later is needed, $there, and RUST=no forbids to install it: $by_hand"
    say="tests/install.sh: Rust $WANTED_RUST or later is needed, $there; it is being installed (RUST=no forbids that)"
    if has rustup; then
        echo "$say by rustup"
        by_rustup
    elif [ "$SYSTEM" = "debian 13" ]; then
        echo "$say by Debian's package rustup, which takes the place of Debian's cargo and rustc"
        may_be_root || die "it takes root or sudo to install the package rustup"
        apt_get update
        apt_get install -y --no-install-recommends rustup
        by_rustup
    elif [ "$SYSTEM" = "debian 12" ]; then
        echo "$say by rustup's own installer, for $(id -un) only"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --no-modify-path \
            --profile minimal --component clippy --component rustfmt
    else
        die "Rust $WANTED_RUST or later is needed, $there, and how to install it is known for Debian 12 and 13 only: $by_hand"
    fi || die "Rust could not be installed: $by_hand"
    rust_is_good ||
        die "after the installation cargo is ${found:-still missing}; \`rustup default stable\` may help, else $by_hand"
}

# Whoever has chosen a toolchain keeps it.
by_rustup() {
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt &&
        case $(rustup default 2>/dev/null) in *-*) ;; *) rustup default stable ;; esac
}

# --- what is done ----------------------------------------------------------------------------------------------------

if [ "${1:-}" = rust ]; then
    rust_is_good || get_rust
    exit
fi
look
if [ -n "$missing" ]; then
    if ! known; then
        rust_is_good || missing="$missing; and Rust $WANTED_RUST or later (https://rustup.rs)"
        die "how to install what is missing is known for Debian 12 and 13 only, and this is $SYSTEM. Please install, without" \
            "starting their services, what Debian calls$missing; then run this again"
    fi
    may_be_root || die "these packages are missing, and it takes root or sudo to install them:$missing"
    has apt-get || die "these Debian packages are missing and this system has no apt-get:$missing"
    install_packages
    look
    [ -z "$missing" ] || die "still missing after the installation:$missing"
fi
rust_is_good || get_rust
# Servers refuse root: tests that run as root start them under this account.
if [ "$(id -u)" = 0 ] && ! id "$ACCOUNT" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ACCOUNT"
fi
if delta_wanted; then
    fetch_delta || die "pip could not fetch Delta Chat's core $DELTA: is PyPI in reach, and is this x86-64 or aarch64?"
fi
if greenmail_wanted && ! [ -s "$JAR" ] && ! fetch_greenmail; then
    if [ "${MAIL:-}" = greenmail ]; then die "$why"; fi
    echo "tests/install.sh: $why It goes on without GreenMail." >&2
fi
