#!/usr/bin/env bash
# Runs the tests: those in which servers start mostly wait, those that need none want the processor, so both run side by side, and what
# the second say is shown at the end.
#   tests/run.sh           every test
#   tests/run.sh servers   only those in which servers start
set -u
cores=$(nproc)
beside=
# Who interrupts this means both.
trap '[ -z "$beside" ] || kill -- "-$beside" 2>/dev/null; exit 130' INT TERM

with_servers() {
    cargo test --no-fail-fast --test chaos --test disk --test examples --test faults --test harness --test scenarios -- \
        --test-threads=$((cores * 3))
}

if [ "${1:-}" = servers ]; then
    cargo build --bins --examples && with_servers
    exit
fi
cargo test --no-run || exit
said=$(mktemp)
# A process group of its own, to be stopped as a whole.
set -m
cargo test --no-fail-fast --lib --bins --test hostility --test quick -- --test-threads="$cores" >"$said" 2>&1 &
beside=$!
set +m
with_servers
with=$?
wait "$beside"
without=$?
beside=
cat "$said"
rm -f "$said"
cargo test --doc && [ "$with" = 0 ] && [ "$without" = 0 ]
