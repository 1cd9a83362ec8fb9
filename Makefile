# `make help` explains every target. The longer steps are in scripts/.

# The interpreter that .venv is made from: make up PYTHON=python3.13
PYTHON ?= python3
export PYTHON

BIN := .venv/bin
MANAGE := $(BIN)/python backend/manage.py
BUILD := $(CURDIR)/build
CODE := backend scripts bench

# Checks and tests choose their own database and services, whatever the shell says.
ALONE := env -u DATABASE_URL -u AGENTARIUM_BROKER_URL -u AGENTARIUM_REDIS_URL \
	AGENTARIUM_DATA=$(BUILD)/data
PRODUCTION := AGENTARIUM_URL=https://agentarium.example \
	AGENTARIUM_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')

# What may run side by side says so; all the rest comes one after the other.
BESIDE := $(MAKE) --no-print-directory --jobs=2 --output-sync=target SIDE_BY_SIDE=1
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
.PHONY: help up demo dev test check check-code check-python check-api check-page fmt \
	screenshots test-sqlite test-page test-browser test-scripts test-chaos test-postgresql chaos \
	api lock wheel bench bench-full clean environment dev-environment page page-packages system

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

# --- Running ----------------------------------------------------------------------

up: environment page ## Start Agentarium here; the first time, install it into .venv.
	@exec $(BIN)/agentarium up

demo: environment page ## Run one task on the built-in model through the public API.
	@$(BIN)/agentarium demo

dev: dev-environment page-packages ## Start backend and page with reload on change.
	@exec $(BIN)/python scripts/dev.py

# --- Testing ----------------------------------------------------------------------

# The longest suite comes last, so that its count of tests is the closing line.
test: system check test-sqlite test-page test-browser demo test-scripts test-chaos test-postgresql ## Check and test everything, as CI does.

# Most of it keeps one processor busy: the page's checks run beside the others.
check: dev-environment page-packages ## Check format, lint, types, contracts, migrations and schema.
	@$(BESIDE) check-page check-code

check-code: check-python
	@$(MAKE) --no-print-directory check-api

check-python: dev-environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(ALONE) $(BIN)/mypy backend/agentarium scripts bench
	$(BIN)/lint-imports
	$(ALONE) $(MANAGE) check --fail-level WARNING
	$(ALONE) $(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING
	$(ALONE) $(MANAGE) makemigrations --check

check-api: dev-environment page-packages
	@mkdir -p $(BUILD)
	$(ALONE) $(MANAGE) spectacular --fail-on-warn --validate --file $(BUILD)/schema.yaml
	@diff -u schema.yaml $(BUILD)/schema.yaml || { echo 'schema.yaml is out of date: run make api' >&2; exit 1; }
	npm --prefix frontend run --silent api -- --check

check-page: page-packages
	npm --prefix frontend run --silent check

test-sqlite: dev-environment ## Run the Python tests on SQLite.
	$(ALONE) $(BIN)/pytest -n 2

# What knows no database has been tested by then: the runtime, and the programs of bench/.
test-postgresql: dev-environment system ## Run them on PostgreSQL, Redis and a Celery worker.
	$(ALONE) $(BIN)/python scripts/services.py -- $(BIN)/pytest -n 2 \
		--ignore=backend/agentarium/runtime --ignore=bench

test-page: page ## Run the page's unit tests.
	npm --prefix frontend test

test-browser: dev-environment page system ## Walk through the page in a real browser.
	$(ALONE) npm --prefix frontend run --silent e2e

screenshots: dev-environment page system ## Take the pictures of the README, into docs/pictures/.
	$(ALONE) npm --prefix frontend run --silent e2e -- --config playwright.pictures.config.ts

test-scripts: dev-environment page system ## Run the tests of scripts/, and start the wheel alone.
	$(ALONE) $(BIN)/pytest -o tmp_path_retention_policy=failed scripts

test-chaos: dev-environment system ## Kill everything for a minute in both sizes, and count.
	$(ALONE) $(BIN)/python -m bench.chaos --short --seed 1 --embedded
	$(ALONE) $(BIN)/python -m bench.chaos --short --seed 1

chaos: dev-environment system ## The same for minutes, with hundreds of tasks (SEED=7 for a known one).
	$(ALONE) $(BIN)/python -m bench.chaos --embedded $(if $(SEED),--seed $(SEED))
	$(ALONE) $(BIN)/python -m bench.chaos $(if $(SEED),--seed $(SEED))

# --- Changing ---------------------------------------------------------------------

fmt: dev-environment page-packages ## Format the code and repair what the linters can.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	npm --prefix frontend run --silent format

api: dev-environment page-packages ## Write schema.yaml and the page's types from the code.
	$(ALONE) $(MANAGE) spectacular --fail-on-warn --validate --file schema.yaml
	npm --prefix frontend run --silent api

lock: dev-environment ## Lock the Python packages (UPGRADE=1 for the newest versions).
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

wheel: environment page ## Build the wheel, with the page inside, into dist/.
	$(BIN)/uv build --quiet --wheel --out-dir dist \
		--build-constraints requirements/build.txt --require-hashes

bench: dev-environment page system ## Measure speed and memory beside baselines, into docs/performance.md.
	$(ALONE) $(BIN)/python -m bench --write --history small

bench-full: dev-environment page system ## The same with twice the load, and with ten million tasks in history.
	$(ALONE) $(BIN)/python -m bench --write --effort 2 --history full

clean: ## Delete what was built; keep .venv, node_modules and data.
	rm -rf build dist backend/agentarium/page
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# --- What the targets above stand on ----------------------------------------------

environment:
	@scripts/environment.sh run

dev-environment:
	@scripts/environment.sh dev

page-packages:
	@scripts/page.sh packages

page:
	@scripts/page.sh build

system:
	@scripts/system_packages.sh
