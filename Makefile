# `make help` lists the targets. Longer steps are in scripts/.

# The interpreter that .venv is created with: make up PYTHON=python3.13
PYTHON ?= python3
export PYTHON

BIN := .venv/bin
MANAGE := $(BIN)/python backend/manage.py
BUILD := $(CURDIR)/build
CODE := backend scripts bench integrations

# Checks and tests ignore the shell's database and services.
ISOLATED := env -u DATABASE_URL -u AGENTARIUM_BROKER_URL -u AGENTARIUM_REDIS_URL \
	AGENTARIUM_DATA=$(BUILD)/data
PRODUCTION := AGENTARIUM_URL=https://agentarium.example \
	AGENTARIUM_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')

# Targets run one after the other, except those that are started with $(CONCURRENTLY).
CONCURRENTLY := $(MAKE) --no-print-directory --jobs=2 --output-sync=target CONCURRENT=1
ifndef CONCURRENT
.NOTPARALLEL:
endif
.PHONY: help up demo dev test check check-code check-python check-api check-page fmt \
	screenshots test-sqlite test-page test-browser test-scripts test-chaos test-postgresql test-integrations \
	chaos \
	api lock wheel bench bench-full clean environment dev-environment page page-packages system

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

# --- Running ----------------------------------------------------------------------

up: environment page ## Start Agentarium; the first time, install it into .venv.
	@exec $(BIN)/agentarium up

demo: environment page ## Run one task on the built-in model through the public API.
	@$(BIN)/agentarium demo

dev: dev-environment page-packages ## Start backend and page with reload on change.
	@exec $(BIN)/python scripts/dev.py

# --- Testing ----------------------------------------------------------------------

# The longest suite is last, so that its summary is the last line.
test: system check test-sqlite test-page test-browser demo test-scripts test-chaos test-postgresql ## Check and test everything, as CI does.

# Most checks use one core, so those of the page run concurrently with the others.
check: dev-environment page-packages ## Check format, lint, types, contracts, migrations and schema.
	@$(CONCURRENTLY) check-page check-code

check-code: check-python
	@$(MAKE) --no-print-directory check-api

check-python: dev-environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python scripts/conventions.py
	$(ISOLATED) $(BIN)/mypy backend/agentarium scripts bench
	$(BIN)/lint-imports
	$(ISOLATED) $(MANAGE) check --fail-level WARNING
	$(ISOLATED) $(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING
	$(ISOLATED) $(MANAGE) makemigrations --check

check-api: dev-environment page-packages
	@mkdir -p $(BUILD)
	$(ISOLATED) $(MANAGE) spectacular --fail-on-warn --validate --file $(BUILD)/schema.yaml
	@diff -u schema.yaml $(BUILD)/schema.yaml || { echo 'schema.yaml is out of date: run make api' >&2; exit 1; }
	npm --prefix frontend run --silent api -- --check

check-page: page-packages
	npm --prefix frontend run --silent check

test-sqlite: dev-environment ## Run the Python tests on SQLite.
	$(ISOLATED) $(BIN)/pytest -n 2

# The runtime and bench/ use no database; `make test-sqlite` has tested them.
test-postgresql: dev-environment system ## Run the Python tests on PostgreSQL and Redis.
	$(ISOLATED) $(BIN)/python scripts/services.py -- $(BIN)/pytest -n 2 \
		--ignore=backend/agentarium/runtime --ignore=bench

test-page: page ## Run the page's unit tests.
	npm --prefix frontend test

test-browser: dev-environment page system ## Run the end-to-end tests of the page in a browser.
	$(ISOLATED) npm --prefix frontend run --silent e2e

screenshots: dev-environment page system ## Take the screenshots of the README, into docs/pictures/.
	$(ISOLATED) npm --prefix frontend run --silent e2e -- --config playwright.pictures.config.ts

test-scripts: dev-environment page system ## Run the tests of scripts/ and of the wheel.
	$(ISOLATED) $(BIN)/pytest -o tmp_path_retention_policy=failed scripts

test-chaos: dev-environment system ## Break processes and services for a minute, in both sizes.
	$(ISOLATED) $(BIN)/python -m bench.chaos --short --seed 1 --embedded
	$(ISOLATED) $(BIN)/python -m bench.chaos --short --seed 1

test-integrations: dev-environment ## Walk through real programs of others, which it installs.
	scripts/integrations.sh
	$(ISOLATED) AGENTARIUM_INTEGRATIONS=$(BUILD)/integrations \
		$(BIN)/pytest -o tmp_path_retention_policy=failed integrations

chaos: dev-environment system ## The same for longer, with hundreds of tasks (SEED=7 repeats a run), and hostile inputs.
	$(ISOLATED) $(BIN)/python -m bench.chaos --embedded $(if $(SEED),--seed $(SEED))
	$(ISOLATED) $(BIN)/python -m bench.chaos $(if $(SEED),--seed $(SEED))
	$(ISOLATED) $(BIN)/python -m bench.chaos.hostile --embedded
	$(ISOLATED) $(BIN)/python -m bench.chaos.hostile

# --- Formatting, generating, building ---------------------------------------------

fmt: dev-environment page-packages ## Format the code and fix what the linters can.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	npm --prefix frontend run --silent format

api: dev-environment page-packages ## Write schema.yaml and the page's types from the code.
	$(ISOLATED) $(MANAGE) spectacular --fail-on-warn --validate --file schema.yaml
	npm --prefix frontend run --silent api

lock: dev-environment ## Lock the Python packages (UPGRADE=1 for the newest versions).
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

wheel: environment page ## Build the wheel, with the page inside, into dist/.
	$(BIN)/uv build --quiet --wheel --out-dir dist \
		--build-constraints requirements/build.txt --require-hashes

bench: dev-environment page system ## Measure speed and memory, and write docs/performance.
	$(ISOLATED) $(BIN)/python -m bench --write --history small

bench-full: dev-environment page system ## The same with twice the load and up to ten million tasks.
	$(ISOLATED) $(BIN)/python -m bench --write --effort 2 --history full

clean: ## Delete build outputs and caches; keep .venv, node_modules and data.
	rm -rf build dist backend/agentarium/page
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# --- Prerequisites ----------------------------------------------------------------

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
