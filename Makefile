# The index of habits. On a fresh Debian 12 with a Rust toolchain, `make demo` and `make test` need nothing else.

.PHONY: help demo test deps bench chaos soak hostility fuzz lint golden
.DEFAULT_GOAL := help

help:
	@echo "make demo            install what is missing, build, play two acts between real servers, print them"
	@echo "make demo STAY=1     the same, and keep everything running for your own client"
	@echo "make demo MAIL=…     greenmail or dovecot: which mail server the demo takes"
	@echo "make test            install what is missing, run every test"
	@echo "make lint            what CI asks beside the tests: format, clippy, documentation"
	@echo "make bench           the figures: throughput against the bare servers, delay, memory"
	@echo "make chaos           for hours: 20,000 simulated worlds, 10,000 messages each way under 100 kills, restarts, bad"
	@echo "                     networks, damaged stores, power cuts, failing disks (the tests have a short form of each)"
	@echo "make soak            for hours: memory, files and threads of a working gateway (MINUTES=120), then the drain of a"
	@echo "                     backlog (BACKLOG=100000); optimised"
	@echo "make hostility       a million random cases for each text, name and mail that a stranger can write"
	@echo "make fuzz            every reader against libFuzzer; SECONDS=60 for each, TARGET=… for one"
	@echo "make golden          write the golden files anew; look at the difference before you commit it"

# A login shell sets MAIL to the path of a mailbox, which is not meant.
MAIL_SERVER = $(if $(findstring /,$(MAIL)),,$(MAIL))

# What the demo and the tests need beside the Rust toolchain: Prosody, ejabberd, Postfix, Dovecot, clients.
deps:
	@tests/install.sh

demo: deps
	cargo build --bin stanzamail --example demo
	@cargo run --quiet --example demo -- $(if $(MAIL_SERVER),--mail $(MAIL_SERVER)) $(if $(STAY),--stay)

# Some tests are about GreenMail.
test:
	@MAIL=greenmail tests/install.sh
	cargo test --no-fail-fast

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

bench: deps
	cargo bench --bench pipeline
	cargo bench --bench two_gateways
	cargo bench --bench store

chaos: deps
	STANZAMAIL_SEEDS=20000 cargo test --profile long --lib whatever_breaks -- --nocapture
	STANZAMAIL_MESSAGES=10000 cargo test --profile long --lib fifty_long_conversations -- --nocapture
	STANZAMAIL_STOPS=200 cargo test --test scenarios stopping_under_load
	STANZAMAIL_CHAOS=10000/100 cargo test --test chaos -- --nocapture
	STANZAMAIL_CHAOS=10000/100 cargo test --test automatic
	STANZAMAIL_DISK=500/1000/10000 cargo test --test disk -- --nocapture
	STANZAMAIL_SLOW_DISK=1200/100 cargo test --test scenarios a_slow_disk -- --nocapture
	STANZAMAIL_DISK_FAILURES=60 cargo test --test scenarios a_disk_that_fails -- --nocapture
	STANZAMAIL_CHAOS=10000/100 cargo test --test faults -- --nocapture --test-threads=1
	STANZAMAIL_CHAOS=10000/100 cargo test --lib a12_ -- --nocapture

# Optimised; the first with the knobs of tests, since nobody waits for 90 days; one after the other, since both measure.
MINUTES ?= 120
BACKLOG ?= 100000
soak: deps
	STANZAMAIL_SOAK=$(MINUTES) cargo test --profile long --test chaos -- soak:: --nocapture
	STANZAMAIL_DRAIN=$(BACKLOG) cargo test --release --test chaos -- drain:: --nocapture

# Optimised, since there are so many. CASES=… for another number.
CASES ?= 1000000
hostility: deps
	STANZAMAIL_HOSTILITY=$(CASES) cargo test --release --test hostility -- --nocapture

# cargo-fuzz on the stable toolchain: without sanitizers, since the code has no unsafe of its own.
SECONDS ?= 60
TARGETS = $(or $(TARGET),$(basename $(notdir $(wildcard tests/fuzz/fuzz_targets/*.rs))))
fuzz:
	@command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	@for target in $(TARGETS); do \
		mkdir -p tests/fuzz/corpus/$$target; \
		cargo fuzz run -s none --fuzz-dir tests/fuzz $$target \
			tests/fuzz/corpus/$$target tests/data/mail tests/data/xmpp -- \
			-max_total_time=$(SECONDS) -max_len=8192 -rss_limit_mb=1024 -timeout=10 || exit 1; \
	done

golden:
	UPDATE_GOLDEN=1 cargo test --test golden_pairs --test golden_mail
	git diff --stat tests/data
