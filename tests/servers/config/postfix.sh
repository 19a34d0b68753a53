#!/bin/sh
# Becomes Postfix' master. $1: postfix, $2: master, $3: "native" (as root) or "fakeroot".
set -e
# Postfix reads a file again and again for as long as it was changed within the last second or two.
touch -d '1 hour ago' conf/* mailboxes aliases transport forged
if [ "$3" = fakeroot ]; then
    # The master insists on being root; fakeroot(1)'s library lets it think so. Not by the script of that name: it lets
    # its daemon leave our process group, and nothing would end it when a test is killed.
    FAKED_MODE=unknown-is-root faked-tcp --foreground >faked.key 2>/dev/null </dev/null &
    until [ -s faked.key ]; do sleep 0.01; done
    FAKEROOTKEY=$(cut -d: -f1 faked.key)
    LD_PRELOAD=$(ls /usr/lib/*/libfakeroot/libfakeroot-tcp.so | head -n 1)
    export FAKEROOTKEY LD_PRELOAD
fi
chown postfix data
"$1" -c "$PWD/conf" check
exec "$2" -c "$PWD/conf" -d
