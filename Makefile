FUZZTIME ?= 30s
BENCHTIME ?= 1s
MINUTES ?= 10
LISTEN ?= 127.0.0.1:3000
lint := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help
help: ## Say what can be made (this list)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Serve the demo on LISTEN (127.0.0.1:3000)
	go run ./cmd/brio demo --listen $(LISTEN)

.PHONY: test
test: ## Run everything CI runs
	./test.sh

.PHONY: lint
lint: ## Run the linters of .golangci.yml
	$(lint) run

.PHONY: fmt
fmt: ## Format the Go files and group their imports
	$(lint) fmt

.PHONY: conformance
conformance: ## Run the official clients against brio
	go test -race -count=1 -v ./conformance/...

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@targets=$$(go test -vet=off -list '^Fuzz' ./...) || { echo "$$targets"; exit 1; }; \
	echo "$$targets" | awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, name[i]; n = 0 }' | \
	while read -r package target; do \
		echo "$$target ($$package), $(FUZZTIME)"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit 1; \
	done

.PHONY: chaos
chaos: ## Run clients and servers through bad networks and restarts for MINUTES (10)
	go test -race -count=1 -v -timeout 0 -run 'Chaos|Storm' ./conformance/chaos ./conformance/exhaustion -args -minutes $(MINUTES)

.PHONY: bench
bench: ## Measure brio beside others: twelve minutes, writes bench/results.md
	go run ./bench/compare

.PHONY: bench-quick
bench-quick: ## The same, one short look: two minutes, writes nothing
	go run ./bench/compare --quick

.PHONY: soak
soak: ## Keep 18,000 connections for ten minutes; writes bench/soak.md
	go run ./bench/soak --out bench/soak.md

.PHONY: sessions
sessions: ## Count up to a million sessions without sockets: ten minutes, writes bench/sessions.md
	go run ./bench/sessions --out bench/sessions.md

.PHONY: heap
heap: ## Say where an idle connection's bytes go; writes bench/heap.md
	go run ./bench/heap --out bench/heap.md

.PHONY: clients
clients: ## Say what 10,000 Go clients cost their process; writes bench/clients.md
	go run ./bench/clients --out bench/clients.md

.PHONY: showcase
showcase: ## Put 1,000 visitors into the showcase for ten minutes; writes bench/showcase.md
	go run ./bench/showcase --out bench/showcase.md

.PHONY: abuse
abuse: ## Attack a server in 26 ways beside 1,000 honest clients, three minutes; writes bench/abuse.md
	go run ./bench/abuse --out bench/abuse.md

.PHONY: screens
screens: ## Take screenshots of all pages of the showcase, four minutes; writes docs/screens
	go test ./cmd/brio -count=1 -run Pages -timeout 20m -args -shots ../../docs/screens

.PHONY: gc
gc: ## Measure brio with other settings of the collector: three minutes, writes bench/gc.md
	go run ./bench/compare --out bench/gc.md --repeats 5 --mode idle --mode echo-w16 \
		--server brio --server brio-gogc50 --server brio-gogc200 --server brio-gogc400 --server brio-memlimit

.PHONY: microbench
microbench: ## Run every Go benchmark for BENCHTIME (1s), with allocations
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
