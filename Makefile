# `make` alone lists what there is.
PYTHON ?= python3
STACK  ?= lab
export PYTHONDONTWRITEBYTECODE = 1
SETUP  := $(PYTHON) -m scripts.setup
RUN    := $(PYTHON) -m scripts.stack
VENV   := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup up preview verify picture down clean-lab check test bench lock

help: ## List these commands
	@echo "make COMMAND [STACK=lab]    (stacks: $(patsubst stacks/Pulumi.%.yaml,%,$(wildcard stacks/Pulumi.*.yaml)))"
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: packages, .venv, the Pulumi engine, the machine image
	@$(SETUP) $(STACK)

up: setup ## Build or repair the stack, then tell what stands and how to use it
	@$(RUN) up $(STACK)

preview: ## Show what `make up` would do
	@$(SETUP) $(STACK) --no-images
	@$(RUN) preview $(STACK)

verify: ## Check that containers reach containers, and find the wrong hop if not
	@./fairway verify $(STACK)

picture: ## Draw the stack into .fairway/STACK/topology.html
	@./fairway graph $(STACK)

down: ## Destroy the stack and leave nothing of it
	@$(SETUP) $(STACK) --no-images
	@$(RUN) down $(STACK)

clean-lab: ## Remove the stack's lab from this computer by its label, whatever the state says
	@$(SETUP) --tools
	@$(RUN) clean-lab $(STACK)

check: ## Lint, format, strict types: what CI demands
	@$(SETUP) --tools
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@$(VENV)/mypy

# A run starts two thousand Pythons, so it keeps compiled modules; no other target does.
test: ## Install what is missing, then check and run every test
	@$(SETUP) --tests
	@$(MAKE) --no-print-directory check
	@env -u PYTHONDONTWRITEBYTECODE $(VENV)/python -m scripts.tests $(ARGS)

bench: ## Measure the network and the time of `up`, into bench/results
	@$(SETUP) --tests
	@$(VENV)/python -m bench $(ARGS)

lock: ## Renew the lock files from requirements*.in (needs uv)
	@$(PYTHON) -m scripts.lock
