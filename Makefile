# Two commands matter: `make book` and `make test`. `make` alone lists all of them.
# Kept to what GNU make 3.81 (macOS) knows; every path is relative, so the checkout may lie in a folder with spaces.
PYTHON    ?= python3
PORT      ?= 8000
JOBS      ?= $(shell getconf _NPROCESSORS_ONLN)
NOTEBOOKS ?= # all where none is named

VENV := .venv
BIN  := $(VENV)/bin
PAGE := _build/html/index.html

TYPED := labs book/_tools
BUILD := _config.yml _toc.yml $(VENV)/installed $(shell find book/_ext book/_theme -type f 2>/dev/null | grep -v -e __pycache__ -e ' ')
PAGES := $(wildcard benchmarks/results/*.json) $(shell find book labs -type f 2>/dev/null | grep -v -e __pycache__ -e .ipynb_checkpoints -e book/_tools -e ' ')

# One thread a process: the notebooks and the tests run side by side, one on each core.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test lab serve refresh seeds bench bounds validate colab adopt pdf zip check format clean distclean

help:  ## list the commands
	@echo "Usage: make COMMAND"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' Makefile

book: $(PAGE)  ## build the book and print the address of the page to open
	@$(BIN)/python book/_tools/address.py $(PAGE)

test: check $(PAGE)  ## run everything: style, types, unit tests, notebooks, the book in a browser
	@CHROMIUM="$$($(BIN)/python book/_tools/browser.py)" && export CHROMIUM && \
	$(ONE_THREAD) IPYTHONDIR="$(CURDIR)/_build/ipython" $(BIN)/python -m pytest -q --numprocesses=$(JOBS) --dist=loadfile \
		--nbval-lax --nbval-current-env --nbval-cell-timeout=300 tests labs book/_tools $(wildcard book/*.ipynb)

check: $(VENV)/installed  ## style and types only (seconds)
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy $(TYPED)

# One thread here too: where the cores have other work as well, the threads of the chapters' small networks wait for each
# other, and a chapter takes three times as long. `make lab ONE_THREAD=` leaves their number to PyTorch.
# Its list of files shows the course, and not what the course is made with.
# Jupyter refuses root without being told; in a container there may be nobody else.
lab: $(VENV)/installed  ## open the course in JupyterLab, at its cover
	@$(ONE_THREAD) $(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir=book \
		--ContentsManager.hide_globs='_*' --ContentsManager.hide_globs=__pycache__ \
		--LabApp.default_url=/lab/tree/index.md --LabApp.app_settings_dir="$(CURDIR)/book/_tools/jupyterlab"

serve: $(PAGE)  ## serve the built book on this machine (PORT=8000)
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

pdf: $(PAGE)  ## print the whole book into _build/downhill.pdf
	@$(BIN)/python book/_tools/pdf.py _build/html _build/downhill.pdf

zip: $(PAGE)  ## pack the built book into _build/downhill.zip, to be read without a network
	@$(BIN)/python book/_tools/archive.py _build/html _build/downhill.zip

refresh: $(VENV)/installed  ## run the notebooks again, in place (NOTEBOOKS="book/05_….ipynb", CHANGED=1, JOBS=2)
	@$(ONE_THREAD) $(BIN)/python book/_tools/refresh.py --jobs $(JOBS) $(if $(CHANGED),--changed) $(NOTEBOOKS)

seeds: $(VENV)/installed  ## do the claims hold at fresh seeds, and how narrowly? (RUNS=10, SEEDS="3 1415", NOTEBOOKS=…)
	@$(ONE_THREAD) $(BIN)/python book/_tools/seeds.py --jobs $(JOBS) $(NOTEBOOKS) $(if $(RUNS),--runs $(RUNS)) $(if $(SEEDS),--seeds $(SEEDS))

colab: $(VENV)/installed  ## run the notebooks as on Colab, each alone in a fresh environment, without a network
	@$(ONE_THREAD) $(BIN)/python book/_tools/colab.py --jobs $(JOBS) $(NOTEBOOKS)

bounds: $(VENV)/installed  ## try labs with the oldest packages that it admits, and with the newest (SETS=oldest)
	@$(ONE_THREAD) $(BIN)/python book/_tools/bounds.py $(SETS)

adopt: $(VENV)/installed  ## write the address of your repository everywhere (REPO=https://github.com/you/fork)
	@$(BIN)/python book/_tools/adopt.py "$$REPO"

bench: benchmarks/.venv/installed  ## labs beside the libraries a reader would pick instead (BENCH="--only T1 --threads 2")
	@benchmarks/.venv/bin/python -m benchmarks $(BENCH)

validate: $(VENV)/installed  ## what the notebooks lack (NOTEBOOKS="book/05_….ipynb")
	@$(BIN)/python book/_tools/rules.py $(NOTEBOOKS)

format: $(VENV)/installed  ## format the code, except that of notebooks
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

clean:  ## remove what was built
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache

distclean: clean  ## remove what was built and the virtual environments
	rm -rf $(VENV) benchmarks/.venv labs.egg-info

$(VENV)/installed: requirements.txt pyproject.toml book/_tools/colab.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or newer, and $(PYTHON) is %d.%d: call make with PYTHON=python3.11, say." % sys.version_info[:2])'
	@echo "Installing what requirements.txt pins into $(VENV): minutes, once …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/wheels --requirement book/_tools/colab.txt
	@touch $@

# The peers live in an environment of their own, which they may not give another torch.
benchmarks/.venv/installed: benchmarks/requirements.txt
	@echo "Installing the peers into benchmarks/.venv: minutes, once …"
	@test -x benchmarks/.venv/bin/python || $(PYTHON) -m venv benchmarks/.venv
	@benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	@touch $@

# A changed configuration, extension or theme is not seen by Sphinx page by page: build from nothing then.
_build/fresh: $(BUILD)
	@rm -rf _build/html _build/.doctrees _build/.jupyter_cache _build/jupyter_execute
	@mkdir -p _build && touch $@

# After a failure the next build must read every page again, or it would no longer repeat the warnings.
$(PAGE): _build/fresh $(PAGES)
	@echo "Building the book: half a minute, less when little has changed …"
	@$(BIN)/jupyter-book build . -W -n --keep-going -q >_build/log.txt || { rm -rf _build/.doctrees _build/fresh; exit 1; }
	@touch $@
