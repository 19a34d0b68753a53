#!/bin/sh
# Becomes Postfix' master. $1: master, $2: "native" (as root) or "fakeroot".
set -e
# Postfix reads a file again and again for as long as it was changed within the last second or two.
touch -d '1 hour ago' conf/* mailboxes aliases transport forged
if [ "$2" = fakeroot ]; then
    # The master insists on being root; fakeroot(1)'s library lets it think so. Not by the script of that name: it lets
    # its daemon leave our process group, and nothing would end it when a test is killed.
    FAKED_MODE=unknown-is-root faked-tcp --foreground >faked.key 2>/dev/null </dev/null &
    until [ -s faked.key ]; do sleep 0.01; done
    FAKEROOTKEY=$(cut -d: -f1 faked.key)
    LD_PRELOAD=$(ls /usr/lib/*/libfakeroot/libfakeroot-tcp.so | head -n 1)
    export FAKEROOTKEY LD_PRELOAD
fi
chown postfix data
# What `postfix check` makes, which takes a second of the processor's time.
if [ ! -d spool/public ]; then
    queues="active bounce corrupt defer deferred flush hold incoming private saved trace"
    (cd spool && mkdir -m 700 $queues && chown postfix $queues &&
        mkdir -m 730 maildrop && mkdir -m 710 public && chown postfix:postdrop maildrop public && mkdir -m 755 pid)
fi
exec "$1" -c "$PWD/conf" -d
