# The index of habits. On a fresh Debian 12 or 13, `make demo` and `make test` need nothing else.

.PHONY: help release demo quick test test-servers test-debian13 deps bench chaos soak hostility fuzz lint golden
.DEFAULT_GOAL := help

help:
	@echo "make release         get Rust where there is none, and build the program: target/release/stanzamail"
	@echo "make demo            install what is missing, build, play two acts between real servers, print them"
	@echo "make demo STAY=1     the same, and keep everything running for your own client"
	@echo "make demo MAIL=…     greenmail, dovecot or lmtp: which mail server the demo takes, and how it gives mail"
	@echo "make quick           format, clippy and every test that needs no server: for whoever has just changed a line"
	@echo "make test            install what is missing, run every test"
	@echo "make test-servers    of these, only those in which real mail and XMPP servers take part"
	@echo "make test-debian13   both of these in a fresh Debian 13 beside this machine; DEBIAN13=… for its folder"
	@echo "make lint            what CI asks beside the tests: format, clippy, documentation"
	@echo "make bench           the figures: throughput against the bare servers, delay, memory"
	@echo "make chaos           for hours: 20,000 simulated worlds, 10,000 messages each way and 1,000 conversations under 100"
	@echo "                     kills, restarts, bad networks, damaged stores, power cuts, failing disks (the tests have a short"
	@echo "                     form of each)"
	@echo "make soak            for hours: memory, files and threads of a working gateway (MINUTES=120), then the drain of a"
	@echo "                     backlog (BACKLOG=100000); optimised"
	@echo "make hostility       a million random cases for each text, name and mail that a stranger can write"
	@echo "make fuzz            every reader against libFuzzer; SECONDS=60 for each, TARGET=… for one"
	@echo "make golden          write the golden files anew; look at the difference before you commit it"

# A login shell sets MAIL to the path of a mailbox, which is not meant.
MAIL_SERVER = $(if $(findstring /,$(MAIL)),,$(MAIL))

# Where rustup's own installer puts what it brings: whoever has just been given it has another PATH yet.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

# What the demo and the tests need: Prosody, ejabberd, Postfix, Dovecot, clients, and Rust where there is none.
deps:
	@tests/install.sh

release:
	@tests/install.sh rust
	cargo build --release

demo: deps
	cargo build --bin stanzamail --example demo
	@cargo run --quiet --example demo -- $(if $(MAIL_SERVER),--mail $(MAIL_SERVER)) $(if $(STAY),--stay)

# A few of the simulated worlds instead of all (src/simulated): the rest is in `make test`.
quick:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	STANZAMAIL_SEEDS=30 cargo test --lib --bins --test quick

# Some tests are about GreenMail.
test:
	@MAIL=greenmail DELTACHAT=yes tests/install.sh
	@tests/run.sh

test-servers:
	@MAIL=greenmail DELTACHAT=yes tests/install.sh
	@tests/run.sh servers

# The demo once without Java and once with it.
test-debian13:
	@tests/debian13.sh 'make demo MAIL=dovecot && make test && make demo MAIL=greenmail'

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
	@tests/deny.sh

# Three programs, one table. What they say meanwhile is in target/bench.log.
BENCH_TABLE = $(CURDIR)/target/bench-table.md
bench: deps
	cargo bench --no-run
	@: >target/bench.log
	@printf '| figure | Stanzamail | bare, or beside it | ratio | goal |\n| --- | --- | --- | --- | --- |\n' >$(BENCH_TABLE)
	@for bench in pipeline two_gateways store; do echo "$$bench …"; \
		STANZAMAIL_BENCH_TABLE=$(BENCH_TABLE) cargo bench --bench $$bench >>target/bench.log 2>&1 || \
		{ tail -n 40 target/bench.log; echo "the bench $$bench failed, see target/bench.log"; exit 1; }; done
	@cat $(BENCH_TABLE)

chaos: deps
	STANZAMAIL_SEEDS=20000 cargo test --profile long --lib whatever_breaks -- --nocapture
	STANZAMAIL_MESSAGES=10000 cargo test --profile long --lib fifty_long_conversations -- --nocapture
	STANZAMAIL_STOPS=200 cargo test --test scenarios stopping_under_load
	STANZAMAIL_CHAOS=10000/100 STANZAMAIL_GATHERING=1000/100 cargo test --test chaos -- --nocapture
	STANZAMAIL_CHAOS=10000/100 cargo test --test quick automatic::
	STANZAMAIL_DISK=500/1000/10000 cargo test --test disk -- --nocapture
	STANZAMAIL_SLOW_DISK=1200/100 cargo test --test scenarios a_slow_disk -- --nocapture
	STANZAMAIL_DISK_FAILURES=60 cargo test --test scenarios a_disk_that_fails -- --nocapture
	STANZAMAIL_CHAOS=10000/100 cargo test --test faults -- --nocapture --test-threads=1
	STANZAMAIL_CHAOS=10000/100 cargo test --lib a12_ -- --nocapture

# Optimised; one after the other, since both measure.
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
	UPDATE_GOLDEN=1 cargo test --test quick golden_
	git diff --stat tests/data
