#!/bin/sh
# Installs what the tests need on Debian 12, and nothing if all of it is there. As root, or with sudo.
# GreenMail (Java, 200 MB) only where it is asked for (MAIL=greenmail, as `make test` does) or where java is installed.
set -eu
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
ACCOUNT=stanzamail-test
GREENMAIL=2.1.13 # tests/servers/greenmail.rs names it too
SHA256=21b361e46e8ffe83afe7915a2b01231c4a163c8d0fa5de607e32ed19732d908d
CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/stanzamail-test"
JAR="$CACHE/greenmail-standalone-$GREENMAIL.jar"

die() { printf 'tests/install.sh: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
# Is there a file of that pattern?
exists() { for file in $1; do [ -e "$file" ] && return 0; done; return 1; }

missing=
# need PACKAGE test…: notes the package unless the test holds.
need() { package=$1; shift; "$@" || missing="$missing $package"; }

greenmail_wanted() { [ "${MAIL:-}" = greenmail ] || has java; }

look() {
    missing=
    need prosody has prosody
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
    has cc || missing="$missing build-essential pkg-config"
    if greenmail_wanted; then need default-jre-headless has java; fi
}

# A person may be asked for a password; a machine has none.
with_sudo() { if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else with_sudo "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { has sudo && with_sudo true; }; }

POLICY=/usr/sbin/policy-rc.d
KEPT=$POLICY.before-stanzamail

# Packages, while no service may start: a test starts its own.
install_packages() {
    trap restore_policy EXIT
    trap 'exit 1' INT TERM HUP
    forbid_services
    before=$(epmds)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 update
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 \
        install -y --no-install-recommends $missing
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

# From Maven Central, or by Maven where only a mirror of it is in reach.
fetch_greenmail() {
    mkdir -p "$CACHE"
    name=greenmail-standalone
    curl -fsSL --retry 2 --connect-timeout 10 --max-time 300 -o "$JAR.part" \
        "https://repo1.maven.org/maven2/com/icegreen/$name/$GREENMAIL/$name-$GREENMAIL.jar" ||
        by_maven $name || return 1
    echo "$SHA256  $JAR.part" | sha256sum --check --quiet - && mv "$JAR.part" "$JAR"
}

by_maven() {
    has mvn && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        -Dartifact=com.icegreen:$1:$GREENMAIL -DoutputDirectory="$CACHE" && mv "$JAR" "$JAR.part"
}

look
if [ -n "$missing" ]; then
    may_be_root || die "these packages are missing, and it takes root or sudo to install them:$missing"
    has apt-get || die "these Debian packages are missing and this system has no apt-get:$missing"
    install_packages
    look
    [ -z "$missing" ] || die "still missing after the installation:$missing"
fi
# Servers refuse root: tests that run as root start them under this account.
if [ "$(id -u)" = 0 ] && ! id "$ACCOUNT" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ACCOUNT"
fi
if greenmail_wanted && ! [ -s "$JAR" ] && ! fetch_greenmail; then
    why="could not fetch GreenMail $GREENMAIL: is Maven Central (https://repo1.maven.org) in reach?"
    if [ "${MAIL:-}" = greenmail ]; then die "$why"; fi
    echo "tests/install.sh: $why It goes on without GreenMail." >&2
fi
