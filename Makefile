# make demo   watch real restore drills on the sandbox     make test   all checks and all tests
# make lock   renew the locked versions (needs uv)         make bench  benchmarks
# make soak   long runs: interleavings of workers, kills, made-up calls, restores to random instants
# make soak-serve   half an hour of a daemon alone with a bad cloud
# make bench-serve  what a night of 10,000 plans and 1,000 restores under way cost

# That of the system comes first: distributions build it with optimisation, which makes everything a
# quarter faster than many a Python built on the spot. It has to be able to make an environment.
PYTHON ?= $(firstword $(foreach name,/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell command -v $(name) >/dev/null 2>&1 && \
	$(name) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint unit bench bench-report bench-serve soak soak-serve lock clean mariadb chromium promtool

demo: .venv/.demo
	$(BIN)/drill demo

test: .venv/.dev mariadb chromium promtool lint unit

# Database servers that no Python package brings: where they are missing and may be had.
mariadb:
	@scripts/mariadb

# The browser that the tests open the pages with.
chromium:
	@scripts/chromium

# What Prometheus itself says of our alert rules.
promtool: .venv/bin/python
	@scripts/promtool

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.dev
	$(BIN)/pytest -n 2 --dist loadgroup --durations 20

bench: .venv/.dev
	$(BIN)/python tests/bench/bench_help.py
	$(BIN)/python tests/bench/bench_plan_check.py
	PYTHONPATH=. $(BIN)/python tests/bench/bench_lists.py
	PYTHONPATH=. $(BIN)/python -m tests.bench.bench_due
	PYTHONPATH=. $(BIN)/python tests/bench/bench_coverage.py
	PYTHONPATH=. $(BIN)/python tests/bench/bench_archive.py
	@echo "the next one restores 1 GB again and again: 3 to 6 minutes"
	$(BIN)/python tests/bench/bench_restore.py

# A made-up fleet of 10,000 sources and 100,000 drills: the budgets of docs/report.md.
bench-report: .venv/.dev
	PYTHONPATH=. $(BIN)/python tests/bench/bench_report.py

# Hours, not minutes: 10,000 interleavings of workers, every boundary killed for real, storms of ten
# minutes each (store, disk, network), many made-up calls.
soak: .venv/.dev mariadb
	DRILL_TEST_SCHEDULES=10000 $(BIN)/pytest tests/harness
	DRILL_TEST_KILLS=0 $(BIN)/pytest tests/e2e/test_killed_anywhere.py tests/store/test_migration_killed.py
	DRILL_TEST_STORM_SECONDS=$${DRILL_TEST_STORM_SECONDS:-600} $(BIN)/pytest -s tests/e2e/test_store_restarted.py \
		tests/e2e/test_disk_full.py tests/e2e/test_network_cut.py
	DRILL_FUZZ_EXAMPLES=400 $(BIN)/pytest -n 2 tests/sandbox/test_api_fuzz.py
	DRILL_TEST_INSTANTS=200 $(BIN)/pytest tests/sandbox/test_mariadb_restore.py \
		tests/sandbox/test_postgres_restore.py -k "random_instants or exactly_at_the_instant"

soak-serve: .venv/.dev
	DRILL_TEST_SOAK_MINUTES=$${DRILL_TEST_SOAK_MINUTES:-30} $(BIN)/pytest -s tests/e2e/test_serve_soak.py

bench-serve: .venv/.dev
	PYTHONPATH=. $(BIN)/python tests/bench/bench_live.py
	PYTHONPATH=. $(BIN)/python tests/bench/bench_live_http.py
	PYTHONPATH=. $(BIN)/python tests/bench/bench_night.py

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed"; \
		echo "hint: Install it, or say which one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python requirements/demo.txt
	$(PIP) install --require-hashes --only-binary :all: -r requirements/demo.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet --extra sandbox

lock:
	$(LOCK) --group dev --output-file requirements/dev.txt
	$(LOCK) --group build --constraints requirements/dev.txt --output-file requirements/demo.txt

clean:
	rm -rf .venv .mariadb build dist
