# Targets: make help
.DEFAULT_GOAL := help
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VENV := .venv

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

build: ## build the program lab in this folder
	$(GO) build -o lab ./cmd/lab

test: lint python ## lint, then run every test; sets up what the tests need
	@. ./$(VENV)/lab.env 2>/dev/null; export LAB_PYTHON; $(GO) test ./...

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

python: $(VENV)/lab.env ## a Python with PyTorch, ONNX Runtime and gRPC for the tests that need them

$(VENV)/lab.env: examples/pytorch/requirements.txt examples/python-plugin/requirements.txt
	@examples/pytorch/setup.sh $(VENV)

race: ## run the tests with the race detector
	$(GO) test -race ./...

asan: ## run the tests of C code with the address sanitizer (gcc)
	CC=gcc $(GO) test -asan ./core/internal/kernel ./core/graph ./core/vm ./core/nn ./core/onnx/exchange

arm64: ## build for arm64 and run the kernels' tests under qemu (Debian: gcc-aarch64-linux-gnu qemu-user)
	GOARCH=arm64 CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc $(GO) test -c -o $(VENV)/kernel.arm64 ./core/internal/kernel
	qemu-aarch64 -L /usr/aarch64-linux-gnu $(VENV)/kernel.arm64

halves: ## run the kernels' tests with the AVX-512 loops on a CPU that has AVX2 only (gcc)
	CC=gcc CGO_CFLAGS="-O3 -DLAB_HALVES" $(GO) test ./core/internal/kernel

purego: ## run the fast tests without C
	$(GO) test -tags purego ./core/...

bench: python ## lab's steps against PyTorch, Gorgonia and GoMLX; see docs/performance.md
	@. ./$(VENV)/lab.env 2>/dev/null; export LAB_PYTHON; $(GO) run ./bench

bench-tracker: ## what the tracker promises, and MLflow's stores where LAB_PYTHON has MLflow
	$(GO) run ./bench/tracker

bench-parts: ## speed of kernels and tracker alone
	$(GO) test -run '^$$' -bench . ./core/... ./tracker/...

conformance: ## run the node cases of ONNX's own test suite (Debian: libonnx-testdata)
	$(GO) run ./core/onnx/conformance
	$(GO) run ./core/onnx/conformance -graph

check-full: test race asan arm64 halves purego conformance ## everything, full-size checks included: some hours
	LAB_FULL=1 $(GO) test -count=1 -timeout 4h ./core/onnx/exchange ./plugins/... ./cmd/... ./tracker

clean: ## remove what the targets made
	rm -rf lab $(VENV)

.PHONY: help build test lint python race asan arm64 halves purego bench bench-tracker bench-parts conformance check-full clean
