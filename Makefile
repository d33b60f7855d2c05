# make demo: set up, build the demonstration city, run, open the dashboard.   make test: set up and run every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export DAGSTER_HOME := $(CURDIR)

.PHONY: setup demo test test-fast fuzz lint lock browser screenshots bench soundness clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: setup
	$(BIN)/majorwatch demo

test: setup browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser"
	$(BIN)/python -m pytest -m browser

test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser and not slow"

# Broken forms, more than the tests read: FUZZ_FILES and FUZZ_SEED say how many and which.
fuzz: setup
	FUZZ_FILES=$${FUZZ_FILES:-3000} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} $(BIN)/python -m pytest tests/warehouse/test_fuzz.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Pictures of every page of the demonstration city, for the documents.
screenshots: setup browser
	$(BIN)/majorwatch demo --no-serve
	$(BIN)/python -m tests.browser.screenshots data/demo

# Simulated cities with known truth: how often each policy stops a sound major, and how many failing ones it sees.
soundness: setup
	$(BIN)/python -m tests.bench.soundness

# Ten million records of graduates from files to published, against a floor and other tools; then server time of every page on the demonstration city and on a province.
bench: setup
	$(BIN)/python -m tests.bench.scale
	$(BIN)/python -m tests.bench.pages --province

# The system's browser, a Chinese font, nginx, PostgreSQL, MariaDB and Java, installed where one is missing (Debian; needs the right to install packages).
browser:
	@command -v chromium >/dev/null && command -v java >/dev/null && fc-list 2>/dev/null | grep -qi cjk && test -x /usr/sbin/nginx && test -x /usr/sbin/mariadbd && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		echo "installing chromium, fonts-noto-cjk, nginx-light, postgresql, mariadb-server and java"; \
		sudo=$$(command -v sudo || true); \
		$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq chromium fonts-noto-cjk fontconfig nginx-light postgresql mariadb-server default-jre-headless >/dev/null; }

# Pins every dependency with hashes and names no package host; needs uv. The second is what the image needs of the first.
LOCK := uv pip compile pyproject.toml --extra build --no-strip-extras --universal --python-version 3.11 --no-emit-index-url --generate-hashes --no-header --quiet
lock:
	$(LOCK) --extra dev --extra spark -o requirements.lock
	$(LOCK) --constraint requirements.lock --no-annotate -o deploy/requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
