# Every target installs what it needs first. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

BUN := node_modules/.bin/bun
MODULES := node_modules/.package-lock.json
QUICKJS := .work/cache/quickjs/VERSION
SOURCES := $(shell find src -name '*.ts' ! -name '*.test.ts' ! -name suite.ts)
NATIVE := $(wildcard launcher/*.c launcher/*.h launcher/Makefile) launcher/steps.gen.h
FRONT := $(wildcard front/*.c front/*.h front/*.S front/*.ts front/shim/*.ts) front/Makefile tools/build-front.ts
GENERATORS := $(wildcard tools/generate-*.ts)
TYPESCRIPT := src front test tools bench conformance demo vm oxlint.config.ts

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: deps deps-build deps-bench deps-engines
deps: deps-build ## Install missing Debian packages and node_modules for building and testing
	@tools/install-packages.sh test
deps-build: $(MODULES)
	@tools/install-packages.sh build
deps-bench: deps
	@tools/install-packages.sh bench
deps-engines: deps
	@tools/install-packages.sh engines
$(MODULES): package-lock.json
	@tools/install-node-modules.sh

.PHONY: build
build: deps-build dist/sampan dist/sampan-oci ## Build dist/sampan, the launcher inside it

# One file of two programs: the front, which does the OCI runtime and short commands on an engine that starts soon, and the
# large one on Bun that it becomes for every other command (front/entry.c).
dist/sampan: dist/large dist/front-build/front tools/join-executables.ts
	$(BUN) tools/join-executables.ts dist/front-build/front dist/large $@.new
	@mv -f $@.new $@
# The name that other engines call.
dist/sampan-oci: dist/sampan
	@ln -sf sampan $@

# Most commands end before compiled code would pay: the JIT is a hundred times more reluctant until src/main.ts resets it.
# The files that a running tree reads the environment's .env, bunfig.toml or tsconfig.json from are never loaded.
dist/large: $(SOURCES) dist/launcher package.json $(MODULES)
	$(BUN) build --compile --minify --bytecode --splitting --format=esm \
		--no-compile-autoload-dotenv --no-compile-autoload-bunfig --compile-jit-policy=100 \
		--outfile=$@ src/main.ts
	@touch $@
dist/front-build/front: $(FRONT) $(SOURCES) dist/launcher $(QUICKJS) $(MODULES)
	@$(MAKE) -C front all PROGRAM="$(addprefix ../,$(SOURCES) $(filter %.ts,$(FRONT)))"
	@touch $@
# Our part of the front with sanitizers, for the tests.
.PHONY: front-asan front-arm64-check
front-asan: dist/front-build/front
	@$(MAKE) -C front asan PROGRAM=
front-arm64-check: dist/front-build/front
	@$(MAKE) -C front arm64-check PROGRAM=

$(QUICKJS): $(MODULES)
	@$(BUN) tools/fetch-quickjs.ts
	@touch $@

dist/launcher: $(NATIVE)
	@$(MAKE) -C launcher all
	@touch $@

launcher/steps.gen.h: $(wildcard src/kernel/*steps.ts) src/kernel/encode.ts tools/generate-steps.ts $(MODULES)
	$(BUN) tools/generate-steps.ts
	@touch $@

.PHONY: generate generate-check
generate: $(MODULES) ## Write the generated files anew
	@for generator in $(GENERATORS); do $(BUN) $$generator || exit 1; done
generate-check: $(MODULES) ## Fail when a generated file is not what its generator writes
	@failed=0; for generator in $(GENERATORS); do $(BUN) $$generator --check || failed=1; done; exit $$failed

.PHONY: typecheck lint format format-check
typecheck: $(MODULES) ## Check the types
	@$(BUN) --bun node_modules/.bin/tsc -p .
lint: $(MODULES) ## Lint, layers and sizes included
	@$(BUN) --bun node_modules/.bin/oxlint -c oxlint.config.ts --type-aware --deny-warnings $(TYPESCRIPT)
format: $(MODULES) ## Format the TypeScript files
	@$(BUN) --bun node_modules/.bin/oxfmt $(TYPESCRIPT)
format-check: $(MODULES) ## Fail when a TypeScript file is not formatted
	@$(BUN) --bun node_modules/.bin/oxfmt --check $(TYPESCRIPT)

.PHONY: test test-v2 test-engines vm-shell fuzz soak campaign conformance
test: deps ## Run everything; FAST=1 leaves the virtual machine out, ONLY=stage,... runs these stages
	@FAST="$(FAST)" ONLY="$(ONLY)" $(BUN) tools/test/run.ts
test-v2: deps build ## Run the cgroup v2 tests in virtual machines with Debian's kernels
	@$(BUN) vm/test.ts --full
test-engines: deps-engines build ## Run Debian's containerd, CRI, dockerd, podman and buildah with ours as their runtime
	@tools/alone.sh --v1 $(BUN) test --timeout=60000 test/engines
vm-shell: deps build ## Open a shell in the virtual machine
	@$(BUN) vm/shell.ts
soak: deps build ## Make and delete 3,000 containers by the runtime, which is killed at random moments, and by the engine (CYCLES=3000)
	@tools/alone.sh $(BUN) test/soak/soak.ts $(or $(CYCLES),3000)
	@tools/alone.sh $(BUN) test/soak/lifecycles.ts $(or $(CYCLES),3000)
campaign: deps build ## Kill command lines, monitors, containers or all of them at random moments, 300 times (ROUNDS=300 SEED=1)
	@ROUNDS=$(or $(ROUNDS),300) SEED=$(or $(SEED),1) $(BUN) test --timeout=60000 test/crash-campaign
JUDGE := .work/conformance/judge
$(JUDGE): conformance/judge.go
	@tools/install-packages.sh conformance
	@mkdir -p $(@D)
	@GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(CURDIR)/.work/cache/go go build -o $@ $<
conformance: deps-bench build $(JUDGE) ## Try the OCI specification on ours, runc and crun; writes docs/conformance-checks.md
	@tools/alone.sh --v1 $(BUN) conformance/conformance.ts
fuzz: deps ## Fuzz the launcher's decoders, configurations, state files and the store for a bounded time (FUZZ_SECONDS=20 each)
	@$(MAKE) -C launcher fuzz
	@$(BUN) test/fuzz/fuzz.ts

.PHONY: man
man: $(MODULES) ## Write the manual pages to dist/man
	@$(BUN) tools/write-man-pages.ts

.PHONY: demo bench
demo: deps build ## Pull, run, look at, stop and remove containers of a real Debian image
	@$(BUN) demo/demo.ts
bench: deps-bench build ## Measure sampan beside runc, crun and podman; writes docs/benchmarks.md
	@$(BUN) bench/bench.ts

.PHONY: clean
clean: ## Remove what was built (caches in .work stay)
	rm -rf dist
	@[ ! -f launcher/Makefile ] || $(MAKE) -C launcher clean
