# make run     install what is missing, then open the window
# make test    install what is missing, then run the test suite
# make check   style, types, layering
# make bench   one JSON line a figure, each beside a baseline from the same run
# make screenshots
#              draw the pictures of the README anew
# make llama BACKEND=cuda|vulkan|metal|rocm|native|cpu
#              build llama.cpp for a GPU or for this very processor, and stay with that build

.PHONY: run test check bench screenshots llama setup clean
.DEFAULT_GOAL := run

# What `make llama` chose, kept beside the environment.
-include .llama-build.mk

UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
SYNC = $(UV) sync --quiet $(LLAMA_BUILD) $(SYNC_MORE)
RUN := $(UV) run --no-sync

run: setup
	@$(RUN) fireside

test: setup
	@$(RUN) pytest

check: setup
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) lint-imports --no-cache
	@$(RUN) pytest -q tests/test_house.py tests/ui/test_translations.py

bench: setup
	@$(RUN) python -m benchmarks

screenshots: setup
	@$(RUN) python packaging/screenshots.py

setup: .tools/system-checked | $(filter .tools/%,$(UV))
	@[ -d .venv ] || echo "Installing Fireside. llama.cpp is compiled, which takes about ten minutes once." >&2
# From the cache first: that needs no network, and compiles nothing that was compiled before.
	@$(SYNC) --offline 2>/dev/null || $(SYNC)

# Checked once: `make clean` forgets it.
.tools/system-checked: packaging/system-packages.sh
	@sh packaging/system-packages.sh
	@mkdir -p .tools && touch $@

.tools/bin/uv: | .tools/system-checked
	@python3 -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

define_cuda := GGML_CUDA=ON
define_vulkan := GGML_VULKAN=ON
define_metal := GGML_METAL=ON
define_rocm := GGML_HIP=ON
# This very processor: on x86-64 by name, since -march=native would bring the AMX kernels that gcc 12 miscompiles.
cpu_has = $(shell grep -qw $(1) /proc/cpuinfo 2>/dev/null && echo $(2)=ON)
cpu_lacks = $(shell grep -qw $(1) /proc/cpuinfo 2>/dev/null || echo $(2)=OFF)
define_native = $(if $(filter x86_64,$(shell uname -m)),\
    $(call cpu_lacks,avx,GGML_AVX) $(call cpu_lacks,avx2,GGML_AVX2) $(call cpu_lacks,fma,GGML_FMA) \
    $(call cpu_lacks,f16c,GGML_F16C) $(call cpu_lacks,bmi2,GGML_BMI2) \
    $(call cpu_has,avx512bw,GGML_AVX512) $(call cpu_has,avx512_vnni,GGML_AVX512_VNNI) \
    $(call cpu_has,avx512_bf16,GGML_AVX512_BF16) $(call cpu_has,avx_vnni,GGML_AVX_VNNI),GGML_NATIVE=ON)
define_cpu :=

llama: .tools/system-checked | $(filter .tools/%,$(UV))
	@case " cuda vulkan metal rocm native cpu " in *" $(BACKEND) "*) ;; \
	    *) echo "make llama BACKEND=cuda|vulkan|metal|rocm|native|cpu" >&2; exit 2;; esac
	@echo "LLAMA_BUILD := $(foreach each,$(define_$(BACKEND)),--config-settings-package llama-cpp-python:cmake.define.$(each))" > .llama-build.mk
	@$(MAKE) --no-print-directory SYNC_MORE="--reinstall-package llama-cpp-python" setup

clean:
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
