# Build your own Redis in Rust. `make` alone lists what there is.

STAGES := 01-tcp-echo 02-resp-parser 03-get-set 04-concurrency 05-expiry 06-commands-persistence
# Stages whose speed is the point run in release, the others in a profile that builds in seconds.
RELEASE_STAGES := 06-commands-persistence

# What `make ladder` measures.
LADDER := 03-get-set 04-concurrency 05-expiry 06-commands-persistence

# Further flags for a stage: make 05-expiry ARGS="--port 6400"
ARGS ?=
# Stage 06 serves the commands up to this chapter of its guide: make 06-commands-persistence CHAPTER=2
CHAPTER ?=
# The server that `make 07-benchmark` measures.
SERVER ?= 06-commands-persistence

CARGO ?= cargo
# Where cargo puts programs.
RELEASE = $(or $(CARGO_TARGET_DIR),target)/release
WORKSHOP = $(CARGO) run --quiet --package workshop --

.DEFAULT_GOAL := help
.PHONY: help setup doctor test test-all lint check diff copy carry models steps ladder $(STAGES) 07-benchmark

help:
	@echo "Build your own Redis in Rust"
	@echo
	@echo "Stages: each is a server on port 6380. Talk to it with redis-cli -p 6380; Ctrl-C ends it."
	@echo "  make 01-tcp-echo               a socket is a stream of bytes"
	@echo "  make 02-resp-parser            bytes become messages"
	@echo "  make 03-get-set                messages become state"
	@echo "  make 04-concurrency            many clients, one keyspace: four models"
	@echo "  make 05-expiry                 time"
	@echo "  make 06-commands-persistence   a database, in chapters; so far chapter 0: the frame, lists, sets, snapshots"
	@echo "  make 07-benchmark              measure SET, GET, INCR and LPUSH beside a real redis-server"
	@echo
	@echo "  Flags go into ARGS:  make 05-expiry ARGS=\"--port 6400 --threads 2\""
	@echo "  Stage 06 up to a chapter:  make 06-commands-persistence CHAPTER=2"
	@echo
	@echo "Verbs"
	@echo "  make setup                     fetch and build everything; no network is needed afterwards"
	@echo "  make doctor                    what is missing of what the workshop uses, and how to get it"
	@echo "  make check STAGE=05            check a stage's server from outside, up to the first failure"
	@echo "  make check STAGE=05 ADDRESS=127.0.0.1:7000   check your own server"
	@echo "  make check STAGE=05 ALL=1      all checks; CHECK=05.3 is one alone"
	@echo "  make diff STAGE=05             what a stage changed against the one before, in the order of its guide"
	@echo "  make copy STAGE=05             a copy in my/, to do exercises on"
	@echo "  make models                    measure the four models of stage 04"
	@echo "  make steps                     measure what stage 06 gains over stage 05, part by part"
	@echo "  make ladder                    measure stages 03 to 06 and redis-server under the same load"
	@echo "  make test                      all tests, in a few minutes"
	@echo "  make test-all                  the long ones as well"
	@echo "  make lint                      format and clippy, warnings denied"

# One build for each way in which the verbs above build, so that none of them needs the network later.
setup:
	$(CARGO) fetch --locked
	@for stage in $(filter-out $(RELEASE_STAGES),$(STAGES)); do \
		$(CARGO) build --locked --package step$$stage || exit 1; done
	$(CARGO) build --locked --release --package step03-get-set
	$(CARGO) build --locked --release --package step04-concurrency --bins --examples
	$(CARGO) build --locked --release --package step05-expiry --bins --examples
	$(CARGO) build --locked --release --package step06-commands-persistence --package step07-benchmark
	$(CARGO) build --locked --release --package workshop --example steps
	$(CARGO) test --locked --workspace --no-run
	$(CARGO) build --locked --package workshop
	@echo
	@echo "All is built. Begin with: make 01-tcp-echo"

$(filter-out $(RELEASE_STAGES),$(STAGES)):
	@$(CARGO) run --locked --package step$@ -- $(ARGS)

$(RELEASE_STAGES):
	@$(CARGO) run --locked --release --package step$@ -- $(if $(CHAPTER),--chapter $(CHAPTER)) $(ARGS)

07-benchmark:
	@$(CARGO) build --locked --release --package step$(SERVER) --package step07-benchmark
	@sh scripts/install-redis.sh || true
	@$(RELEASE)/step07-benchmark --compare $(RELEASE)/step$(SERVER) $(ARGS)

# All stages under the same load; the picture that GUIDE.md shows is made by ARGS="--picture ladder.svg".
ladder:
	@$(CARGO) build --locked --release $(foreach stage,$(LADDER),--package step$(stage)) --package step07-benchmark
	@sh scripts/install-redis.sh || true
	@$(RELEASE)/step07-benchmark --ladder $(RELEASE) $(ARGS)

models:
	@$(CARGO) build --locked --release --package step04-concurrency
	@bash 04-concurrency/measure.sh $(RELEASE)/step04-concurrency

# Each step from stage 05's simple form to stage 06's fast one, and what it gains.
steps:
	@$(CARGO) run --quiet --locked --release --package workshop --example steps

# Says what is missing of what the workshop uses.
doctor:
	@sh scripts/doctor.sh

check:
	@$(WORKSHOP) check $(STAGE) $(if $(ADDRESS),--address $(ADDRESS)) $(if $(ALL),--all) $(if $(CHECK),--only $(CHECK))

diff:
	@$(WORKSHOP) diff $(STAGE)

# A stage to change: my/03-get-set.
copy:
	@$(WORKSHOP) copy $(STAGE)

# Copies a file from the first stage that has it to all later ones whose copy is to be the same.
carry:
	@$(WORKSHOP) carry $(FILE)

test:
	@command -v redis-server >/dev/null || \
		echo "redis-server is not installed: tests that need it are skipped (REQUIRE_REDIS=1 forbids that)"
	$(CARGO) test --locked --workspace

test-all:
	$(CARGO) test --locked --workspace --release -- --include-ignored

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings
