# The verbs. What is built how is CMake's affair; see CMakeLists.txt and CMakePresets.json.
CHIP ?= stm32g474re
BUILD := build
BIN := $(BUILD)/bin
JOBS ?= $(shell nproc)
# Every part that the tests run on; each has its firmware built.
TEST_CHIPS := stm32g474re stm32g474rc stm32g474rb stm32l476rg stm32l4r5zi stm32h743zi stm32h7a3zi stm32f767zi stm32u575zi \
    stm32l476re stm32l4r5zg stm32u575zg

# One of each family, and the parts whose option decides on two banks, for torture-all.
TORTURE_CHIPS := stm32g474re stm32l476rg stm32l4r5zi stm32u575zi stm32f767zi stm32h743zi \
    stm32l476re stm32l4r5zg stm32u575zg
TORTURE_HOW = --depth $(or $(DEPTH),1) --seed $(or $(SEED),1) $(if $(PAIRS),--pairs $(PAIRS))
comma := ,
space := $(subst x,,x x)

.DEFAULT_GOAL := all
.PHONY: all help setup host firmware demo run test torture mutants torture-link replay bench profile sanitize clang budgets docs clean fuzz

all: firmware ## Host programs and the firmware for CHIP

help: ## This list
	@echo "Twinbank: firmware update for STM32 parts with two flash banks"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  CHIP=$(CHIP) is the part that firmware is built for and that demo and run simulate."
	@echo "  Host programs: $(BIN)/   firmware: $(BUILD)/firmware/$(CHIP)/"

setup: ## Install the Debian packages of tools/packages.txt that are missing
	@tools/setup

host: setup ## twinbank, twinbank-sim and the tests' programs
	@cmake --preset host $(QUIET)
	@cmake --build $(BUILD)/host -j$(JOBS) $(QUIET)

firmware: firmware-$(CHIP) ## Stage 1, stage 2 and the applications for CHIP (PRODUCT=1: their product id; STANDBY_TOKEN=ON)

firmware-%: host
	@TB_CHIP=$* cmake --preset firmware -DTB_PRODUCT_ID=$(or $(PRODUCT),1) \
	    -DTB_STANDBY_TOKEN=$(or $(STANDBY_TOKEN),OFF) $(QUIET)
	@cmake --build $(BUILD)/firmware-objects/$* -j$(JOBS) $(QUIET)

# What is not built quietly shows its build.
demo: QUIET = >$(BUILD)/demo-build.log 2>&1 || { cat $(BUILD)/demo-build.log; exit 1; }
ifeq ($(CHIP),list)
demo: host ## The main job, shown: update, trial, power cut, rollback; CHIP=list for the parts
	@$(BIN)/twinbank chips
else
demo: demo-say firmware
	@tools/demo $(CHIP)
endif

.PHONY: demo-say
demo-say: setup
	@mkdir -p $(BUILD)
	@echo "Building the host programs and the firmware for $(CHIP) ..."

run: firmware ## A simulated board that stays on, its wire at build/wire: try the tool on it
	@echo "The wire is $(BUILD)/wire: try  $(BIN)/twinbank info --port $(BUILD)/wire  (Ctrl-C ends)"
	@$(BIN)/twinbank-sim --chip $(CHIP) --load $(BUILD)/firmware/$(CHIP)/factory.hex \
	    --uart board=pty:$(BUILD)/wire --uart console=stdio

test: $(TEST_CHIPS:%=firmware-%) ## All tests: unit, scenario, end to end, oracle, budgets
	@ctest --test-dir $(BUILD)/host --output-on-failure -j$(JOBS)

torture: firmware ## Every flash operation interrupted in every way, with a report (SEED=1 DEPTH=1 PAIRS=)
	@mkdir -p $(BUILD)/torture
	@$(BIN)/twinbank-torture --chip $(CHIP) $(TORTURE_HOW) \
	    --html $(BUILD)/torture/report.html --json $(BUILD)/torture/result.json

torture-all: $(TORTURE_CHIPS:%=firmware-%) ## The same on one part of each family, one report
	@mkdir -p $(BUILD)/torture
	@$(BIN)/twinbank-torture --chip $(subst $(space),$(comma),$(TORTURE_CHIPS)) $(TORTURE_HOW) \
	    --html $(BUILD)/torture/report.html --json $(BUILD)/torture/result.json

torture-link: firmware ## A million frames over a hostile line, power cuts too (FRAMES, SEED; CASE: one again)
	@$(BUILD)/host/tests/test_e2e_bad_link --chip $(CHIP) --seed $(or $(SEED),1) --jobs $(JOBS) \
	    --frames $(or $(FRAMES),1000000) $(if $(CASE),--case $(CASE))

mutants: $(TEST_CHIPS:%=firmware-%) ## The bugs of others planted one at a time: each must be caught
	@tools/mutants

replay: firmware ## One life that make torture printed: CASE=...
	@$(BIN)/twinbank-torture --chip $(CHIP) --replay "$(CASE)"

bench: firmware ## Sizes, boot, rates, compression beside their limits (BASELINE=1: the new baseline; PAGES=1: docs/performance.md)
	@tools/bench $(if $(BASELINE),--baseline) $(if $(PAGES),--pages) $(CHIP)

profile: firmware ## Where the simulator's and torture's processor time goes, by room (perf; SCENARIO=all of them)
	@tools/profile $(CHIP) $(SCENARIO)

sanitize: setup ## The host tests under the address and undefined-behaviour sanitizers
	@cmake --preset sanitize
	@cmake --build $(BUILD)/sanitize -j$(JOBS)
	@ctest --test-dir $(BUILD)/sanitize --output-on-failure -j$(JOBS) -LE firmware

fuzz: setup ## libFuzzer on everything that takes bytes from outside (TARGET=all SECONDS=60)
	@cmake --preset fuzz $(QUIET)
	@cmake --build $(BUILD)/fuzz -j$(JOBS) --target fuzzers $(QUIET)
	@tests/fuzz/run fuzz $(or $(SECONDS),60) $(TARGET)

clang: setup ## The host programs and tests built with clang
	@cmake --preset host-clang
	@cmake --build $(BUILD)/host-clang -j$(JOBS)

clean: ## Remove build/
	@rm -rf $(BUILD)
