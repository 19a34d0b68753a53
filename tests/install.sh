#!/bin/sh
# Installs what the tests need on Debian 12, and nothing if all of it is there. Root, or a sudo that asks nothing.
# GreenMail (Java, 200 MB) only where it is asked for: MAIL=greenmail, or where java is installed already.
set -eu
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
ACCOUNT=stanzamail-test
GREENMAIL=2.1.13 # tests/servers/greenmail.rs names it too
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
    need dovecot-imapd exists /usr/lib/dovecot/imap
    need dovecot-lmtpd exists /usr/lib/dovecot/lmtp
    need s-nail has s-nail
    need swaks has swaks
    need python3-slixmpp exists /usr/lib/python3/dist-packages/slixmpp
    need fakeroot has faked-tcp
    need openssl has openssl
    need curl has curl
    need ca-certificates exists /etc/ssl/certs/ca-certificates.crt
    has cc || missing="$missing build-essential pkg-config"
    if greenmail_wanted && ! [ -s "$JAR" ]; then
        need default-jre-headless has java
        need maven has mvn
    fi
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }

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

install_greenmail() {
    mkdir -p "$CACHE"
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        -Dartifact=com.icegreen:greenmail-standalone:$GREENMAIL -DoutputDirectory="$CACHE" ||
        die "Maven could not fetch greenmail-standalone $GREENMAIL: is Maven Central in reach?"
    [ -s "$JAR" ] || die "Maven did not write $JAR"
}

look
if [ -n "$missing" ]; then
    may_be_root || die "these packages are missing and there is no root or sudo to install them:$missing"
    has apt-get || die "these Debian packages are missing and this system has no apt-get:$missing"
    install_packages
    look
    [ -z "$missing" ] || die "still missing after the installation:$missing"
fi
# Servers refuse root: tests that run as root start them under this account.
if [ "$(id -u)" = 0 ] && ! id "$ACCOUNT" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ACCOUNT"
fi
if greenmail_wanted && ! [ -s "$JAR" ]; then install_greenmail; fi
