# make run: the whole portal on this machine. make test: the suite on both databases. make check: everything a linter can say.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

run: $(VENV)/run
	$(BIN)/python manage.py up

test: $(VENV)/dev
	$(BIN)/python -m tests.run $(ARGS)

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy portal oncall runbooks incidents postmortems
	$(BIN)/djlint --quiet --lint portal oncall runbooks incidents postmortems
	DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=portal.settings.test $(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python deploy/check.py

rules: $(VENV)/dev
	$(BIN)/python deploy/check.py

prove: $(VENV)/dev
	$(BIN)/python -m pytest -q -n auto -m slow $(ARGS)

contract: $(VENV)/dev
	CONTRACT_EXAMPLES=$${CONTRACT_EXAMPLES:-30} $(BIN)/python -m pytest tests/test_contract.py tests/test_api_promises.py tests/test_canary.py -q -n 2

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --all-extras --group dev -o requirements/dev.txt

$(VENV)/run: requirements/run.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	touch $@

$(VENV)/dev: requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@ $(VENV)/run

.PHONY: run test prove contract check rules lock
