# Two commands to remember: `make run` and `make test`. Each says what it does; the work is in crates/xtask.

XTASK := cargo run --quiet --package xtask --

# Seeds of the simulation, and the first of them.
SEEDS := 1000
SEED_FROM := 0

# Kills of Weir, the database, where its servers are (aws, lxd or local), and what decides the rest.
KILLS := 50
DB := sqlite
PROVIDER := aws
SEED := 1

# What is done to the leader of several processes, so often.
EVENTS := 30

.PHONY: run test build bench web-bench sim crash replicas storm planted-bugs pictures dev lint

# Installs what is missing, builds, and starts Weir on http://127.0.0.1:3000 with its data in ./data.
run:
	@$(XTASK) run

# Installs what the tests need and runs all of them; the last line is `N passed, N failed`.
test:
	@$(XTASK) test

# Makes target/release/weir, one binary with all assets in it.
build:
	@$(XTASK) build

# Measures: one line a figure, `name value unit`, and the same in target/bench.json.
bench:
	@$(XTASK) bench

# Measures the pages in a browser: what Lighthouse says, and a pool of 2,000 servers; the same in target/web-bench.json.
web-bench:
	@$(XTASK) web-bench

# Simulates Weir for a day and more with people and faults, once for each seed; the last line is `n seeds, v violations`.
# One seed with its timeline: target/release/sim SEED
sim:
	@$(XTASK) sim --seeds $(SEEDS) --from $(SEED_FROM)

# Kills Weir again and again while people use it, and compares what is left; the last line is
# `n kills, m looks, v violations`. A line about each run is added to a file of the commit in target/harness.
crash:
	@$(XTASK) crash kills=$(KILLS) db=$(DB) provider=$(PROVIDER) seed=$(SEED)

# Stops, cuts off and kills the leader of three processes over one Postgres, and the database; the last line is
# `n events, m looks, v violations`.
replicas:
	@$(XTASK) replicas events=$(EVENTS) seed=$(SEED)

# 10,000 requests of 2,500 people over 256 connections on three processes whose servers all fail: never more than two machines.
storm:
	@$(XTASK) storm

# Plants bugs in a copy of the code and finds each by simulation; the last line is `n of n planted bugs found`.
planted-bugs:
	@$(XTASK) planted-bugs

# Takes the pictures of the gallery anew, which the browser tests compare with how it looks.
pictures:
	@$(XTASK) pictures

# Starts Weir and builds and starts it again on every save.
dev:
	@$(XTASK) dev

# Formatting and clippy, for the server's half and for the browser's.
lint:
	@$(XTASK) lint
