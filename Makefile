# Needs Python 3.11 to 3.13 and make, nothing else. `make` alone says what there is to make.

PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/pip --disable-pip-version-check --quiet

# Where the corpora are, one folder each; `make download-ravdess` puts one there.
CORPORA ?= data

# Options for ser-extract and ser-train in the rules below, and for pytest: make test ARGS="-k table"
FEATURES ?= --preset emotion
TRAINING ?= --seed 1
ARGS     ?=
# Where the tests' PyTorch comes from: wheels without CUDA.
TORCH    ?= https://download.pytorch.org/whl/cpu
# Processes that run the tests; 0 runs them in pytest's own.
WORKERS  ?= 2

.SUFFIXES:
.DELETE_ON_ERROR:
# Tables and models are wanted even where make needed them only on its way.
.SECONDARY:

.PHONY: help demo install web man test fuzz lint format clean distclean

help: ## what there is to make (this)
	@echo 'usage: make TARGET [VARIABLE=value …]'
	@echo
	@awk 'function row(name, text) { printf "  %-26s %s\n", name, text } \
	    /^[a-z]+:.*## / { name = $$0; sub(/:.*/, "", name); sub(/.*## /, ""); row(name, $$0) } \
	    /^#: / { split(substr($$0, 4), part, "\t"); row(part[1], part[2]) }' $(MAKEFILE_LIST)
	@echo
	@echo '  PYTHON=$(PYTHON)  VENV=$(VENV)  CORPORA=$(CORPORA)  FEATURES="$(FEATURES)"  TRAINING="$(TRAINING)"'

# ---------------------------------------------------------------- first steps

demo: $(VENV)/.base $(if $(AUDIO),,demo/demo.wav) ## the emotions of a demo recording, in text, picture and sound
#: demo AUDIO=my.m4a	the same for a recording of your own
	@mkdir -p demo; audio="$${AUDIO:-demo/demo.wav}"; name=$$(basename "$$audio"); \
	$(BIN)/ser-analyze "$$audio" --hop 1 --plot "demo/$${name%.*}.png" && echo "picture: demo/$${name%.*}.png" && \
	$(BIN)/ser-translate "$$audio" --to all -o demo/ --quiet && \
	echo "the same in every emotion (synthetic speech): demo/$${name%.*}.*.wav"

# Speech-like sound that the project renders itself: no recording of anybody lies in the repository.
demo/demo.wav: tests/speech.py | $(VENV)/.base
	@mkdir -p $(@D)
	$(BIN)/python tests/speech.py $@

install: $(VENV)/.installed ## the commands and what they train, draw and listen with, in .venv/bin

web: $(VENV)/.web ## a page to speak to, in the browser
	$(BIN)/ser-web --open

man: $(VENV)/.base ## man pages, in build/man/man1 (try: man -M build/man ser-analyze)
	@$(BIN)/python mk/man.py build/man/man1

# ---------------------------------------------------------------- development

# Rewriting the assertions of all tests takes each process ten seconds, unless bytecode is kept. By
# itself xdist puts files of few tests last, which are the longest: a process would wait for them.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.test ## run the tests (ARGS="…" goes to pytest)
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Inputs that make fuzz reads, and the number of the first.
COUNT    ?= 20000
SEED     ?= 1000000

fuzz: $(VENV)/.test ## damaged tables, models, lists and recordings, in processes of little memory
#: fuzz COUNT=100000 SEED=7	more of them, and others
	$(BIN)/python tests/fuzz/campaign.py $(COUNT) $(SEED)

lint: $(VENV)/.lint ## style, docstrings, types and the Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: $(VENV)/.lint ## put the code into the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove what was built, but not the downloaded corpora
	rm -rf build dist demo .pytest_cache .mypy_cache .ruff_cache *.egg-info

distclean: clean ## also remove the virtual environment
	rm -rf $(VENV)

# ---------------------------------------------------------------- the environment

define CHECK_PYTHON
command -v $(PYTHON) >/dev/null || { \
    echo "error: $(PYTHON): no such command; name a Python 3.11 to 3.13: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
    echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11 to 3.13 is needed: make PYTHON=python3.12 …" >&2; exit 1; }
endef

# bin/pip is the last thing that venv makes: where it is missing, there is no whole environment yet.
$(BIN)/pip:
	@$(CHECK_PYTHON)
	@echo "making $(VENV) with $$($(PYTHON) -V 2>&1)" >&2
	@$(PYTHON) -m venv $(VENV)

# Stamps: pip is asked again only when the requirements have changed.

# What analysis, conversion, tables and ser-yt need, and pictures.
$(VENV)/.base: setup.cfg pyproject.toml | $(BIN)/pip
	@echo 'installing ser, without what training needs' >&2
	@$(PIP) install --editable '.[plot]'
	@touch $@

# What every command of the README needs, but for those that name an extra.
$(VENV)/.installed: $(VENV)/.base
	@echo 'installing ser and what it trains with (TensorFlow is large: this can take some minutes)' >&2
	@$(PIP) install --editable '.[train,plot,listen]'
	@touch $@

$(VENV)/.web: $(VENV)/.base
	@$(PIP) install --editable '.[web]'
	@touch $@

# What pip finds for Linux by itself brings gigabytes of CUDA along, so PyTorch is asked for by itself,
# at the place of its small wheels. Where there is none, the tests of text models are skipped.
$(VENV)/.test: $(VENV)/.installed
	@$(PIP) install --editable '.[test]'
	@$(BIN)/python -c 'import torch' 2>/dev/null || \
	    PIP_CONFIG_FILE=/dev/null PIP_EXTRA_INDEX_URL= $(PIP) install --no-deps --retries 0 --timeout 15 \
	        --index-url $(TORCH) 'torch>=2.6' 2>/dev/null && $(PIP) install 'torch>=2.6' || \
	    echo 'no PyTorch at $(TORCH): the tests of text models are skipped' >&2
	@touch $@

$(VENV)/.lint: $(VENV)/.base
	@$(PIP) install --editable '.[lint]'
	@touch $@

export AUDIO

include mk/corpora.mk mk/pretrained.mk mk/results.mk mk/download.mk
