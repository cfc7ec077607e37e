# Two commands to remember: `make run` and `make test`. Each says what it does; the work is in crates/xtask.

XTASK := cargo run --quiet --package xtask --

# Seeds of the simulation, and the first of them.
SEEDS := 1000
SEED_FROM := 0

.PHONY: run test build bench web-bench sim planted-bugs pictures dev lint

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
