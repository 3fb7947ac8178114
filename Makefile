# The two commands of the README: `make demo` and `make test`. Both install what they need, the first time.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: demo
demo: bed build ## Sign in through a real browser on loopback, and use the credentials
	@tests/bed/bed run -- tests/demo

.PHONY: test
test: bed ## Run every test, whatever this was started by
	@tests/bed/plain $(MAKE) --no-print-directory tests </dev/null

.PHONY: tests
tests: lint build
	@tests/bed/bed run -- cargo test --locked --quiet --workspace
	@tests/bed/bed run -- tests/bed/check

.PHONY: bounds
bounds: bed ## Measure, and fail where a bound of docs/performance.md is missed three times in a row
	@cargo build --locked --release --quiet
	@for try in 1 2 3; do tests/bed/bed run -- benches/run --check && exit 0; done; exit 1
	@for try in 1 2 3; do tests/bed/bed run -- benches/hooks --check && exit 0; done; exit 1

.PHONY: bench
bench: bed ## Measure, side by side with what else there is
	@cargo build --locked --release --quiet
	@tests/bed/bed run -- benches/run
	@tests/bed/bed run -- benches/hooks

# How long each fuzz target runs, in seconds.
TIME ?= 180

.PHONY: fuzz
fuzz: ## Run each fuzz target for TIME seconds (180); what is found lies in fuzz/artifacts
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	@for target in $$(basename -s .rs fuzz/fuzz_targets/*.rs); do \
	  mkdir -p fuzz/found/$$target fuzz/corpus/$$target && RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target \
	    fuzz/found/$$target fuzz/corpus/$$target -- -max_total_time=$(TIME) || exit; \
	done

.PHONY: build
build: ## Build for development
	@cargo build --locked

.PHONY: lint
lint: ## Check format, lints and scripts
	@cargo fmt --all --check && cargo fmt --check --manifest-path tests/clients/rust/Cargo.toml
	@cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	@shellcheck --shell=bash shell/*.bash
	@zsh -n shell/leapp.zsh && fish --no-execute shell/leapp.fish && ksh93 -n shell/leapp.ksh && mksh -n shell/leapp.ksh
	@shellcheck $$(git ls-files | xargs grep -lE '^#!(/usr)?/bin/(env )?(ba)?sh' --)

.PHONY: size
size: ## Print the lines of production code by module, tests apart
	@tests/size

.PHONY: deny
deny: ## Check licences, sources and banned crates of the dependencies
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	@cargo deny check bans licenses sources

.PHONY: install
install: ## Build for release, and install the program for this user
	@cargo install --locked --path .

.PHONY: bed
bed:
	@tests/bed/install

.PHONY: clean
clean: ## Remove what was built and installed here
	@cargo clean
	@rm -rf .bed
