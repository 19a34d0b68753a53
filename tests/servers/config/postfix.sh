#!/bin/sh
# Becomes Postfix' master. $1: postfix, $2: master, $3: "native" (as root) or "fakeroot".
set -e
if [ "$3" = native ]; then
    chown postfix data
    "$1" -c "$PWD/conf" check
else
    # The master insists on being root; fakeroot(1)'s library lets it think so. Not by the script of that name: it lets
    # its daemon leave our process group, and nothing would end it when a test is killed.
    FAKED_MODE=unknown-is-root faked-tcp --foreground >faked.key 2>/dev/null </dev/null &
    until [ -s faked.key ]; do sleep 0.01; done
    FAKEROOTKEY=$(cut -d: -f1 faked.key)
    LD_PRELOAD=$(ls /usr/lib/*/libfakeroot/libfakeroot-tcp.so | head -n 1)
    # What "postfix check" would make in two seconds.
    for queue in active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace; do
        mkdir -p "spool/$queue"
    done
    export FAKEROOTKEY LD_PRELOAD
    chown -R postfix data spool
    chown root spool spool/pid
fi
exec "$2" -c "$PWD/conf" -d
