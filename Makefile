# Every target does its own set-up: Debian packages, Node 26, Go modules. Nothing is installed by hand.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Test data is read in place. Where the folder is absent the repository's own generator serves.
export HIPAA_MCP_DATA ?= $(wildcard $(abspath $(CURDIR)/../shared/data))
export NODE_OPTIONS ?= --disable-warning=ExperimentalWarning

SETUP := bash test/setup.sh
PUSH ?=
ONLY ?=
SEED ?=
MINUTES ?=
CLUSTER ?=
STORAGE_CLASS ?=
BUNDLE ?=
export PUSH CLUSTER STORAGE_CLASS

##@ Use
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile

demo: ## The whole product on a cluster, on one screen (CLUSTER=current PUSH=registry/name STORAGE_CLASS=name for your own; BUNDLE=file shows a FHIR bundle's patient)
	@$(SETUP) node image $(if $(filter current,$(CLUSTER)),witness,cluster) browser
	@node test/demo/demo.ts up $(if $(BUNDLE),--bundle '$(BUNDLE)')

demo-down: ## Remove what the demo put there
	@$(SETUP) node
	@node test/demo/demo.ts down

image: ## Build the image; PUSH=registry/name pushes it and writes the digest into config/
	@$(SETUP) node image
	@node config/image/build.ts $(if $(PUSH),--push $(PUSH))

manifests: ## Everything `kubectl apply -k config/default` applies, as one file on standard output
	@$(SETUP) node >&2
	@node test/cluster/main.ts kubectl kustomize config/default

##@ Develop
setup: ## Node packages and the git hook
	@$(SETUP) node
	@git config core.hooksPath .githooks

check: ## Types, lint, unit tests: the loop, under 20 s
	@$(SETUP) node
	@node test/run.ts changed-types changed-lint unit

lint: ## Format, lint, unused code, generated files, CRD structure
	@$(SETUP) node
	@node test/run.ts types lint unused generated

unit: ## Pure code and single programs
	@$(SETUP) node
	@node test/run.ts unit path

integration: ## Real disk, PostgreSQL, Kafka and API server
	@$(SETUP) node cluster kafka faults
	@node test/run.ts integration+node

e2e: ## The product on a real node
	@$(SETUP) node cluster browser
	@node test/run.ts e2e

bypass: ## Ways around the product, which must fail
	@$(SETUP) node cluster
	@node test/run.ts bypass

test: ## Everything that guards a merge
	@$(SETUP) node cluster browser kafka faults
	@node test/run.ts types lint unused generated unit path integration+node bypass-sample e2e

nightly: ## make test, then what takes longer
	@$(SETUP) node cluster browser keycloak fhir-validator kafka faults egress-clients tls-scanner
	@HIPAA_MCP_RETRY=0 HIPAA_MCP_SEED=$$(date +%s) node test/run.ts types lint unused generated unit path integration+node bypass e2e nightly

##@ Measure
bench: ## Side by side with nginx; writes docs/performance.md (AGAINST=ref: beside that commit instead, in one run; writes nothing)
	@$(SETUP) node bench
	@node test/bench/$(if $(AGAINST),against.ts $(AGAINST),bench.ts)

faults: ## Every fault that the trail must outlive, counted from outside; writes docs/reliability.md (ONLY="kill kafka" for some, SEED=N, MINUTES=N begins nothing after that)
	@$(SETUP) node kafka faults
	@node test/faults/main.ts $(foreach name,$(ONLY),--only $(name)) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

conformance: ## The official MCP suites, bare and through a sidecar in a pod; writes docs/conformance.md (LOCAL=1: no cluster; THROUGH=URL CERT KEY CA TOKEN: a sidecar of yours)
	@$(SETUP) node $(if $(LOCAL)$(THROUGH),,image) $(if $(LOCAL)$(THROUGH)$(filter current,$(CLUSTER)),,cluster)
	@node test/conformance/main.ts bare
	@$(if $(THROUGH),node test/conformance/main.ts through compare --url $(THROUGH) --cert $(CERT) --key $(KEY) --ca $(CA) --token $(TOKEN) $(if $(SERVERNAME),--servername $(SERVERNAME)),$(if $(LOCAL),node test/conformance/main.ts local compare,node test/conformance/main.ts cluster compare document))

eval: ## Recall and precision of redaction on labelled texts, beside Presidio; writes docs/redaction.md (JSON=1: as JSON; ABLATION=1: also without each group of rules)
	@$(SETUP) node >&2
	@$(SETUP) presidio >&2 || echo "make eval goes on without Presidio" >&2
	@node test/eval/eval.ts $(if $(JSON),--json) $(if $(ABLATION),--ablation)

##@ A cluster for tests
cluster: ## Start a real Kubernetes node; the last line is the KUBECONFIG to export
	@$(SETUP) node cluster >&2
	@node test/cluster/main.ts up

cluster-down: ## End it and leave nothing behind
	@$(SETUP) node >&2
	@node test/cluster/main.ts down

clean: ## Remove what was built here (caches in ~/.cache/hipaa-mcp stay)
	@rm -rf out node_modules

.PHONY: help demo demo-down image manifests setup check lint unit integration e2e bypass test nightly bench faults conformance eval cluster cluster-down clean
