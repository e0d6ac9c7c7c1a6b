# `make demo` and `make test` are all a fresh machine needs: Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
# Everything a run leaves behind stays in the project folder.
export CROSSREEL_HOME ?= $(CURDIR)/.crossreel
export PREFECT_HOME ?= $(CURDIR)/.crossreel/prefect
export PYTHAINLP_DATA ?= $(CURDIR)/.crossreel/pythainlp
# Where it is set, each run of the tests would rewrite all their asserts anew.
unexport PYTHONDONTWRITEBYTECODE
# A file's tests stay together, as they share what they have set up.
TESTS := $(BIN)/python -m pytest --maxprocesses 4 --dist loadfile

.PHONY: install demo test lint heavy neural bench ui clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "crossreel needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: .venv/installed
	$(BIN)/crossreel run catalog/demo/campaign.yaml --out out/demo

# One more at a time than there are cores: quite some of them wait, for a server, a lease or a process.
test: .venv/installed-dev
	$(TESTS) -n $$(($$(getconf _NPROCESSORS_ONLN) + 1))

# pytest can't tell two test files of one name apart.
lint: .venv/installed-dev
	@twice=$$(find tests -name 'test_*.py' -exec basename {} \; | sort | uniq -d); test -z "$$twice" || { echo "two test files of one name: $$twice"; exit 1; }
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict localize

heavy: .venv/installed-dev
	$(TESTS) -n auto -m heavy

# The tests of local models run on tiny random ones, which they build; they need torch and its kin (see the extras). torchaudio,
# voxcpm, whisper, resemblyzer and demucs are taken without what they ask for and these tests do not use (another torch, a compiler, a web
# server); torchaudio's own library is built for GPUs and would not load beside a torch for CPUs, its Python parts do.
.venv/installed-neural: .venv/installed-dev
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,words,lipsync,edge,hearing]'
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt coqui-tts six pypinyin onnx
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-deps torchaudio torchcodec voxcpm openai-whisper resemblyzer demucs julius
	rm -rf .venv/lib/python3.*/site-packages/torchaudio/lib
	@touch $@

# Tiny models are no faster on several threads, and the workers' threads would wait for each other.
neural: .venv/installed-neural
	OMP_NUM_THREADS=1 $(TESTS) -n auto -m neural

bench: .venv/installed-dev
	$(BIN)/python benchmarks/thai_front_end.py
	$(BIN)/python benchmarks/catalogs.py
	$(BIN)/python benchmarks/words.py
	$(BIN)/python benchmarks/voices.py
	$(BIN)/python benchmarks/render.py
	$(BIN)/python benchmarks/hosts.py
	$(BIN)/python benchmarks/layouts.py
	$(BIN)/python benchmarks/publish.py
	$(BIN)/python benchmarks/operate.py
	$(BIN)/python benchmarks/dub.py

ui: .venv/installed
	$(BIN)/python -m flows.ui

clean:
	rm -rf out .crossreel .venv build *.egg-info
