# One target per habit; `make help` lists them. Nothing here needs more than make, bash and Swift.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: setup build drill drill-redis drill-migration scenarios test test-servers test-corpus lint format bench fuzz dist dist-twice dist-check clean help

firedrill := .build/release/firedrill
# Tests look into modules; what is built so at once is not compiled again for them.
configuration := -c release -Xswiftc -enable-testing
sources := Package.swift Sources Tests Benchmarks Fuzz

setup: ## install what is missing (Debian packages), or say exactly what to install
	@.ci/setup

build: setup ## build the release: .build/release/firedrill
	swift build $(configuration)

drill: build ## run the quickstart: a whole drill on the embedded engine; ends by naming its HTML report
	$(firedrill) run drills/quickstart.yaml --report firedrill-work/reports

drill-redis: build ## the same on a real Redis Cluster, started on loopback and under writes
	$(firedrill) run drills/redis-cluster.yaml --report firedrill-work/reports

drill-migration: build ## a re-sharding with backups drilled before, in the middle and after, the gate and the way back
	drills/migration/story.sh $(firedrill) firedrill-work/migration

scenarios: build ## plant every fault of drills/scenarios, and run 300 clean seeds and 200 kills; writes what found what there and in README.md
	@.ci/scenarios $(firedrill) .build/scenarios.json

# One test at a time: many start servers, and on few cores their time-outs would measure the machine.
test: setup ## run all tests, those on real servers included
	swift build $(configuration) --build-tests
	swift test -c release --skip-build --disable-xctest --no-parallel

test-servers: ## fetch servers of other versions and families for the tests, into .build/servers (needs pip)
	@.ci/test-servers

test-corpus: ## fetch SQLite databases that others made for the tests, into .build/corpus (needs apt-get and pip)
	@.ci/test-corpus

lint: ## check the form of the sources, strictly
	swift format lint --strict --parallel --configuration .swift-format --recursive $(sources)

format: ## give the sources that form
	swift format --in-place --parallel --configuration .swift-format --recursive $(sources)

bench: build ## measure against redis-check-rdb, openssl and the bare server, and the dashboard with 100,000 runs
	Benchmarks/run.sh $(firedrill)
	Benchmarks/dashboard.sh $(firedrill) .build/release/dashboard-bench

fuzz: setup ## put hostile bytes to every reader of foreign bytes for SECONDS=600, with libFuzzer and AddressSanitizer
	Fuzz/run.sh $(or $(SECONDS),600)

dist: setup ## build the Debian package, with the Swift runtime linked in, into .build/dist
	@.ci/dist

dist-twice: setup ## the same, compiled twice, to see whether the same comes out
	@.ci/dist --twice

dist-check: ## install the package into a bare Debian and run the quickstart there (needs root, debootstrap, the network)
	@.ci/dist-check

clean: ## remove what was built
	swift package clean

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
