#!/bin/sh
# What `cargo deny` says of our dependencies by deny.toml: licences, versions, sources, advisories. Says plainly what it could
# not look at, and fails only on what is wrong.
set -eu
cd "$(dirname "$0")/.."
if ! cargo deny --version >/dev/null 2>&1; then
    echo "tests/deny.sh: cargo-deny is not installed, so advisories were NOT looked at (cargo install cargo-deny --locked);"
    echo "tests/deny.sh: licences and versions are, by a test: cargo test --test quick dependencies::"
    exit 0
fi
cargo deny check licenses bans sources
if ! cargo deny fetch db >/dev/null 2>&1; then
    echo "tests/deny.sh: the list of advisories (RustSec) is out of reach, so advisories were NOT looked at"
    exit 0
fi
cargo deny check advisories
