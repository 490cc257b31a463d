SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules
.DEFAULT_GOAL := help

# The modules: the library, and what must not be among its dependencies.
MODULES := . $(patsubst %/go.mod,%,$(wildcard cmd/aiolos/go.mod cmd/aiolos-fleet/go.mod contrib/fleet/go.mod contrib/otelaiolos/go.mod contrib/promaiolos/go.mod internal/bench/go.mod internal/guides/go.mod internal/picture/go.mod internal/telemetry/go.mod))
LINTER_VERSION := v2.15.0
LINTER := $(CURDIR)/.bin/golangci-lint-$(LINTER_VERSION)
T ?= 10s
FUZZ ?= Fuzz[A-Za-z0-9_]+
P ?= one
SEEDS ?= 10000
SEED ?= 1
SOAK ?= 10m

# The race detector needs cgo, and cgo a C compiler. Go says whether it has one.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: all
all: test lint ## test and lint

.PHONY: demo
demo: ## see it work, on servers of its own
	@cd cmd/aiolos && go run . demo

# What the race detector would spoil or make too long: gates of allocations, which it
# skips, and loads that it runs a part of.
PLAIN := Allocs|InFull$$
# Nobody debugs these binaries, so that the linker need not write symbols for it.
GOTEST := go test -shuffle=on -ldflags='-s -w'
# A process with the race detector waits a second at its end, in each of eighty packages, for
# races of goroutines that still run. A tenth will do: the tests look that none are left.
export GORACE ?= atexit_sleep_ms=100
# So many modules are tested beside each other: those after the library mostly wait.
LANES ?= 2
# Each module's output at once, as it ends. Before GNU make 4 it is mixed.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Tests that wait for asynq, and not for the processor: eight at a time.
WAITING := cmd/aiolos-fleet

# All of vet runs with the tests, on what was compiled for them, and while others wait. The
# library's goes first, so that what all modules need is compiled once, and not in each lane.
.PHONY: test
test: ## vet, the tests with the race detector, and the allocation gates and loads without
	@$(if $(RACE),,echo "no C compiler: the tests run without the race detector")
	@go vet $(RACE) ./...
	@$(MAKE) --no-print-directory -j$(LANES) $(SYNC) $(MODULES:%=test-in/%) test-plain

# Those of one module.
.PHONY: $(MODULES:%=test-in/%)
$(MODULES:%=test-in/%): test-in/%:
	@echo "== $*"
	@cd $* && $(GOTEST) -vet=all $(RACE) $(if $(filter $*,$(WAITING)),-parallel=8) ./...

# list prints a module's packages with a line in their files, or in their tests. Those with
# a file that is not built with the race detector were not vetted in full.
.PHONY: test-plain
test-plain:
	@echo "== without the race detector"
	@list() { go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r p d; do \
		if grep -qshE "$$1" "$$d"/*"$${2-}".go; then echo "$$p"; fi; done; }; \
	for m in $(MODULES); do (cd $$m; \
		packages=$$(list '^//go:build .*!race'); if [ -n "$$packages" ]; then go vet $$packages; fi; \
		packages=$$(list '^func Test[A-Za-z0-9_]*($(PLAIN:$$=[(]))' _test); \
		if [ -n "$$packages" ]; then $(GOTEST) -vet=off -run '$(PLAIN)' $$packages; fi); done

.PHONY: race
race: ## the library's tests, five times over, with the race detector
	@go test -race -shuffle=on -count=5 ./...

.PHONY: lint
lint: $(LINTER) ## run the linter in every module
	@for m in $(MODULES); do echo "== $$m"; (cd $$m && $(LINTER) run --config $(CURDIR)/.golangci.yml ./...); done
	@for m in $(MODULES); do (cd $$m && go mod tidy -diff); done

$(LINTER):
	@mkdir -p .bin
	@GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION)
	@mv .bin/golangci-lint $@

.PHONY: cover
cover: ## coverage of the library
	@go test -coverpkg=./... -coverprofile=coverage.out ./...
	@go tool cover -func=coverage.out | tail -1

.PHONY: fuzz
fuzz: ## every fuzz target for T=10s, or those that FUZZ names
	@for m in $(MODULES); do (cd $$m; for d in $$(go list -f '{{.Dir}}' ./...); do \
		for f in $$(grep -hsoE '^func ($(FUZZ))\(' "$$d"/*_test.go | sed 's/^func //; s/($$//'); do \
			echo "== $${d#$(CURDIR)/} $$f"; (cd "$$d" && go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(T) .); \
		done; done); done

.PHONY: simulate
simulate: ## the simulation with SEEDS=10000 seeds from SEED=1 on; one that fails is reduced
	@go test ./internal/simulate -count=1 -timeout 0 -run TestSimulate -seeds $(SEEDS) -seed $(SEED) -reduce

.PHONY: soak
soak: ## all faults for SOAK=10m, on sockets too: memory, goroutines and descriptors stay flat
	@go test ./internal/simulate -count=1 -timeout 0 -v -run TestSoak -soak $(SOAK)

.PHONY: bench
bench: ## compare with other clients, in about three minutes: one P, or with P=all all Ps
	@cd internal/bench && go run . -p $(P)

.PHONY: figures
figures: ## measure both, and write the tables into the README and docs/performance.md
	@cd internal/bench && go build -o bench . && ./bench -p one -write ../.. > /dev/null && ./bench -p all -write ../.. > /dev/null

.PHONY: interop
interop: ## tests against real peers, which are installed first
	@.ci/peers
	@for m in . cmd/aiolos cmd/aiolos-fleet contrib/fleet contrib/promaiolos internal/telemetry; do (cd $$m && go vet -tags interop ./... && go test -count=1 -tags interop -run Interop ./...); done

.PHONY: collector
collector: ## build a collector of OpenTelemetry, which make interop then tests against; it takes minutes
	@mkdir -p .bin
	@cd internal/telemetry/collector && go build -o $(CURDIR)/.bin/otelcol .

PACKAGES := errors jar form middleware middleware/cache middleware/cassette middleware/har ws connector session session/curl session/debug contrib/fleet contrib/otelaiolos contrib/promaiolos
PROGRAMS := aiolos aiolos-fleet
TARGETS := linux/amd64 linux/arm64 linux/386 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64 windows/386

# The exported API with its documentation, as go doc prints it.
define write_api
	for p in $(PACKAGES); do echo "## $$p"; (cd $$p && go doc -all .); done
endef

.PHONY: api
api: ## write the snapshot of the public API
	@mkdir -p api
	@$(write_api) > api/next.txt

.PHONY: api-check
api-check: ## fail if the public API is not the snapshot's
	@$(write_api) | diff -u api/next.txt - || { echo "the public API has changed: make api, and look at the difference"; exit 1; }

.PHONY: cross
cross: ## compile for every system, tests too
	@for t in $(TARGETS); do echo "== $$t"; \
		GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 go vet ./... ; \
		for p in $(PROGRAMS); do (cd cmd/$$p && GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 go build -o /dev/null .); done; done

.PHONY: dist
dist: ## the programs for every system, with checksums, the same bytes each time
	@rm -rf dist && mkdir dist
	@for p in $(PROGRAMS); do for t in $(TARGETS); do os=$${t%/*}; arch=$${t#*/}; suffix=; [ $$os = windows ] && suffix=.exe; \
		(cd cmd/$$p && GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' \
			-o ../../dist/$$p-$$os-$$arch$$suffix .); done; done
	@cd dist && sha256sum aiolos-* > SHA256SUMS && cat SHA256SUMS

.PHONY: readme
readme: ## write the examples into the README and docs, and the map into CONTRIBUTING.md
	@go test -count=1 ./internal/snippets -run TestPages -update
	@go test -count=1 ./internal/housemap -run TestMap -update

.PHONY: picture
picture: ## run the tool, draw its terminal (docs/aiolos.svg) and its reports (Linux; ports 8080 and 8443; chromium)
	@cd internal/picture && go run .

.PHONY: verify
verify: ## the modules that are used are those that go.sum names
	@for m in $(MODULES); do (cd $$m && go mod verify); done

.PHONY: vuln
vuln: ## look for known vulnerabilities in what is used
	@for m in $(MODULES); do (cd $$m && go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...); done

.PHONY: fmt
fmt: $(LINTER) ## format
	@for m in $(MODULES); do (cd $$m && $(LINTER) fmt --config $(CURDIR)/.golangci.yml ./...); done

.PHONY: tidy
tidy: ## tidy every go.mod
	@for m in $(MODULES); do (cd $$m && go mod tidy); done

.PHONY: clean
clean: ## remove what was made
	@rm -rf .bin dist coverage.out
