# Every target only names plain commands, so that they can be typed without make.
PYTHON ?= python3
VENV ?= .venv
BOOK_PORT ?= 8000
BIN := $(VENV)/bin
export PYTHONUTF8 := 1
export OMP_NUM_THREADS ?= 1
# A backend named in the environment would keep the figures out of the notebooks.
unexport MPLBACKEND
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=300
# So many processes test at once, one more than two cores: browsers and kernels make them
# wait. The cells of a notebook stay together and in order.
JOBS ?= 3
SHARED := -n $(JOBS) --dist loadfile --no-loadscope-reorder
NOTEBOOKS := $(wildcard notebooks/*.ipynb)

.DEFAULT_GOAL := help
.PHONY: help book site pdf epub test lint unit robust weekly fuzz bench run sync lock dist release venv clean

help:  ## list the targets
	@show() { awk -F ':.*## ' -v first=$$1 '/^[a-z]+:.*## /{ \
	  usual = $$1 ~ /^(book|test|run|sync|robust)$$/; \
	  if (usual == first) printf "  make %-7s %s\n", $$1, $$2}' Makefile; }; \
	show 1; echo; show 0

book: site  ## install, build the site, serve it and print its address
	@echo "The book is at http://127.0.0.1:$(BOOK_PORT)/ (Ctrl-C stops; BOOK_PORT=8001 moves it)"
	@$(BIN)/python -m http.server $(BOOK_PORT) --bind 127.0.0.1 --directory _build/html

site: venv  ## build the site strictly into _build/html and check it
	rm -rf _build
	$(BIN)/jupyter-book build . -W -n --keep-going
	$(BIN)/python tools/book/check_site.py _build/html

pdf: site  ## the whole book as one PDF, in _build/html/downloads; needs Chromium
	$(BIN)/python tools/book/take_along.py pdf _build/html

epub: site  ## the whole book as one EPUB, in _build/html/downloads; needs Chromium
	$(BIN)/python tools/book/take_along.py epub _build/html

test: venv  ## lint, types, strict book build, unit tests, every notebook
	$(MAKE) -j2 lint site
	$(MAKE) unit

lint: venv  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The notebooks first: they are long, and what is short evens out the end.
unit: venv  ## unit tests and every notebook against its stored outputs
	$(BIN)/python -m pytest $(SHARED) $(NBVAL) $(NOTEBOOKS) tests

robust: venv  ## every notebook again as on another processor, with two threads
	ATEN_CPU_CAPABILITY=default OMP_NUM_THREADS=2 \
	  $(BIN)/python -m pytest $(SHARED) $(NBVAL) tests/book/test_notebooks_clean.py $(NOTEBOOKS)

weekly: site robust fuzz  ## what is too long for every change: robust, fuzz, weekly tests
	$(BIN)/python -m pytest $(SHARED) -m weekly tests

fuzz: venv  ## the properties of test_fuzz, on FUZZ times as many examples, at random
	BERT_TUTORIAL_FUZZ=$(or $(FUZZ),20) $(BIN)/python -m pytest tests/fuzz/test_fuzz.py

bench: venv  ## speed against transformers, into bert_tutorial/runs/bench.json
	$(BIN)/python tools/experiments/bench.py

run: venv  ## run every notebook and store its outputs
	$(BIN)/python tools/book/run_notebooks.py

sync: venv  ## write the package's text and the setup cell into the notebooks
	$(BIN)/python tools/book/sync.py

lock: venv  ## write the locks of CI from pyproject.toml and constraints.txt
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python tools/book/release.py lock

venv: $(VENV)/installed

# An older pip takes twice as long to choose, and compiling all beforehand, which Python
# does for what it imports, as long again.
$(VENV)/installed: pyproject.toml constraints.txt requirements-encoder.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || { \
	  echo "Python 3.11.5 or newer is needed, found $$($(PYTHON) --version 2>&1);" \
	    "name another one: make book PYTHON=python3.12"; exit 1; }
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.2"
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt \
	  -e ".[book,take,test]"
	$(BIN)/python -m pip install --quiet --no-deps -r requirements-encoder.lock
	@touch $@

dist: venv  ## the wheel and the source archive, into dist
	rm -rf dist build
	$(BIN)/python -c "from setuptools.build_meta import *; build_sdist('dist'), build_wheel('dist')"

release: pdf epub dist  ## all that a release holds, with its SHA-256, into dist
	$(BIN)/python tools/book/publish.py pack

clean:  ## remove the built site and caches, not the environment
	rm -rf _build build dist .pytest_cache .mypy_cache .ruff_cache
