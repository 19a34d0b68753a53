#!/bin/sh
# Runs commands in a Debian 13 beside this machine: a chroot that holds nothing but Debian's base system, where this
# checkout lies at the same place. As root or with sudo; the host needs debootstrap, or apt-get to install it.
#   tests/debian13.sh COMMAND     e.g. 'make demo && make test'; a shell reads it
#   DEBIAN13=FOLDER               where the chroot is, or is made: /var/tmp/stanzamail-debian13. Remove it by rm -rf: nothing
#                                 stays mounted below it once a command has ended, however it ended
#   FRESH=1                       compiles there too. Else the host's builds are taken: what was built with an older libc
#                                 runs with a newer one, and the chroot is about the servers
set -eu
DEBIAN13=${DEBIAN13:-/var/tmp/stanzamail-debian13}
SUITE=trixie
CHECKOUT=$(cd "$(dirname "$0")/.." && pwd -P)
CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

die() { printf 'tests/debian13.sh: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Where this machine has its packages from, and by what way.
mirror() {
    {
        sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
        sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
    } 2>/dev/null | grep '/debian/*$' | head -n 1
}

# Made beside its place, so that what was interrupted is no chroot.
make_it() {
    if ! has debootstrap; then
        has apt-get || die "debootstrap is missing, and this system has no apt-get to install it by"
        apt-get -q update && apt-get -q install -y --no-install-recommends debootstrap ||
            die "debootstrap could not be installed: are Debian's packages in reach?"
    fi
    from=$(mirror)
    [ -n "$from" ] || die "no Debian mirror stands in this machine's /etc/apt; DEBIAN13=FOLDER takes a chroot that you made"
    echo "tests/debian13.sh: a Debian 13 is being made in $DEBIAN13"
    rm -rf "$DEBIAN13.part"
    debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$DEBIAN13.part" "$from" >"$DEBIAN13.log" 2>&1 || {
        tail -n 5 "$DEBIAN13.log" >&2
        die "debootstrap failed, see $DEBIAN13.log: is Debian $SUITE in reach of this machine?"
    }
    rm -f "$DEBIAN13.log"
    # The ways to the packages, and the certificates that this machine trusts beside the usual ones.
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::|Check-)' >"$DEBIAN13.part/etc/apt/apt.conf.d/90host" || true
    if [ -d /usr/local/share/ca-certificates ]; then
        cp -R /usr/local/share/ca-certificates/. "$DEBIAN13.part/usr/local/share/ca-certificates/"
        chroot "$DEBIAN13.part" update-ca-certificates >/dev/null 2>&1
    fi
    if [ -f "$HOME/.m2/settings.xml" ]; then
        mkdir -p "$DEBIAN13.part/root/.m2" && cp "$HOME/.m2/settings.xml" "$DEBIAN13.part/root/.m2/"
    fi
    mv "$DEBIAN13.part" "$DEBIAN13"
}

# In a mount namespace of our own, which ends with us: nobody has to unmount anything.
mount_all() {
    mount --bind "$DEBIAN13" "$DEBIAN13" # so that `/` is a mount, as programs expect
    mount -t proc proc "$DEBIAN13/proc"
    mount -t sysfs sys "$DEBIAN13/sys"
    mount --rbind /dev "$DEBIAN13/dev"
    mount -t tmpfs -o mode=1777 tmp "$DEBIAN13/tmp"
    cp /etc/resolv.conf /etc/hosts "$DEBIAN13/etc/"
    for folder in "$CHECKOUT" "$CARGO_HOME" "$RUSTUP_HOME"; do
        if [ -d "$folder" ]; then
            mkdir -p "$DEBIAN13$folder" && mount --bind "$folder" "$DEBIAN13$folder"
        fi
    done
}

# Of two versions, the first is not the newer one.
older() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
libc() { "$@" getconf GNU_LIBC_VERSION | cut -d' ' -f2; }

enter() {
    mount_all
    if [ -n "${FRESH:-}" ] || ! older "$(libc)" "$(libc chroot "$DEBIAN13")"; then
        export CARGO_TARGET_DIR=/var/cache/stanzamail-target
    fi
    # Not only chroot(2): in a namespace of this root, programs may make namespaces of their own.
    cd "$DEBIAN13"
    pivot_root . mnt
    # Not exec: this shell is the first process of its namespace, and buries the orphans.
    chroot . env -i TERM="${TERM:-dumb}" HOME=/root LANG=C.UTF-8 CARGO_HOME="$CARGO_HOME" RUSTUP_HOME="$RUSTUP_HOME" \
        ${CARGO_TARGET_DIR:+CARGO_TARGET_DIR="$CARGO_TARGET_DIR"} ${RUST:+RUST="$RUST"} \
        ${CARGO_INCREMENTAL:+CARGO_INCREMENTAL="$CARGO_INCREMENTAL"} \
        ${STANZAMAIL_SEEDS:+STANZAMAIL_SEEDS="$STANZAMAIL_SEEDS"} \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        PATH="$CARGO_HOME/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        sh -c "umount -l /mnt; $TOOLS; cd '$CHECKOUT' && $1"
}

# What the README's first line says is there.
TOOLS='{ command -v make && command -v cc && command -v git; } >/dev/null ||
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y build-essential make git; } >/dev/null ||
    { echo "tests/debian13.sh: build-essential, make and git could not be installed; are the packages of Debian in reach?" >&2
      exit 1; }'

case ${1:-} in
'' | -h | --help) sed -n '2,9p' "$0"; exit 2 ;;
--enter) shift; enter "$1" ;;
*)
    if [ "$(id -u)" != 0 ]; then
        has sudo || die "it takes root or sudo to make a chroot"
        exec sudo --preserve-env=HOME,CARGO_HOME,RUSTUP_HOME,DEBIAN13,FRESH,PATH "$0" "$@"
    fi
    if ! [ -e "$DEBIAN13" ]; then make_it; fi
    case $(cat "$DEBIAN13/etc/debian_version" 2>/dev/null) in
    13* | trixie*) ;;
    *) die "$DEBIAN13 is there and is no Debian 13: remove it, or name another folder by DEBIAN13=" ;;
    esac
    # Else what has changed since the host's last build would be compiled there, against a libc that the host does not have.
    if [ -z "${FRESH:-}" ] && [ -d "$CHECKOUT/target/debug" ] && PATH="$CARGO_HOME/bin:$PATH" has cargo; then
        (cd "$CHECKOUT" && PATH="$CARGO_HOME/bin:$PATH" cargo build --quiet --bins --examples --tests) ||
            die "the host's builds are taken, and its build failed; FRESH=1 compiles in the chroot"
    fi
    export DEBIAN13 CARGO_HOME RUSTUP_HOME
    exec unshare --mount --propagation private --pid --fork --kill-child "$0" --enter "$1"
    ;;
esac
