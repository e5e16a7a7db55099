.DEFAULT_GOAL := help
.PHONY: help run install dev check check-deploy check-image check-units test unit service contract e2e browser faults soak bench bench-large fresh openapi docs lock image
ARGS ?=
SERVICE ?= water
ENGINE ?= docker

##@ Use
run: ## Start everything on this machine: make run ARGS="--port 9000 --var /data/kembar"
	@sh run.sh run $(ARGS)
install: ## Build .venv with what `make run` needs
	@sh run.sh install

##@ Check
test: ## The static gates, then every test
	@sh run.sh test $(ARGS)
check: ## The static gates: format, lint, types, import contracts, packages, secrets
	@sh run.sh check
unit service contract e2e browser faults: ## One kind of tests: make unit ARGS="-k water"
	@sh run.sh pytest -n 2 tests/$@ $(ARGS)
soak: ## The tests of faults and of random input at full length: 200 kills and more (an hour, not part of `test`)
	@sh run.sh soak $(ARGS)
bench: ## How fast it is beside its floors; renews docs/performance.* (make bench ARGS="--quick": neither)
	@sh run.sh bench $(ARGS)
bench-large: ## The same for reads, up to 50 million rows (long, 10 GB of disk)
	@sh run.sh bench --large $(ARGS)
check-deploy: ## The deployment files by the tools of those who will run them; nothing is skipped
	@KEMBAR_REQUIRE_ALL=1 sh run.sh pytest tests/contract/test_deploy*.py $(ARGS)
check-image: ## Build images without an engine and run each read-only (root, buildah, debootstrap): make check-image SERVICE=air
	@sh deploy/ci/check_image $(SERVICE)
check-units: ## Start a service by its systemd units (root, systemd-container): make check-units SERVICE=water
	@sh deploy/ci/check_units $(SERVICE)
fresh: ## Clone HEAD to an empty home and try what the README says (slow, not part of `test`)
	@bash tests/fresh/run

##@ Work
dev: ## Build .venv with the tools for development
	@sh run.sh dev
openapi: dev ## Renew tests/contract/openapi from the code; read the diff, it is a promise
	@mkdir -p tests/contract/openapi
	@for service in gateway waste water air; do \
	    .venv/bin/kembar-$$service openapi >tests/contract/openapi/$$service.json || exit 1; \
	done
docs: ## Compare docs/ with the code
	@sh run.sh pytest tests/unit/chassis/test_problems.py $(ARGS)
lock: ## Renew deploy/requirements/*.txt from the pyproject files
	@sh run.sh lock
image: ## Build one service's image: make image SERVICE=water ENGINE=podman
	$(ENGINE) build --file deploy/Dockerfile --build-arg SERVICE=$(SERVICE) --tag kembar-$(SERVICE) .

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	    /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	    /^[a-z0-9 -]+:.*## / {printf "  %-34s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
