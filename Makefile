# `make demo` and `make test` need a Debian or Ubuntu machine, make and Rust; they install the rest.
SHELL := /bin/bash
CARGO ?= cargo
# The launcher and the library are both named glxrun, so their pages are made apart.
DOC = RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' $(CARGO) doc --no-deps --document-private-items
# The folder of the built programs, wherever cargo puts it.
BIN = $(or $(CARGO_TARGET_DIR),target)/release

# The image's name, what it is built on, packages to add, and more options for the program that builds it.
IMAGE ?= glxrun
BASE ?= debian:12-slim
EXTRA ?=
IMAGE_OPTIONS ?=

.PHONY: help demo test variants check lint build deps rust applications conformance performance torture soak image image-test deb deb-test audit valgrind

help:
	@echo 'make demo          run glxgears split, show its frame rates, save demo.png'
	@echo 'make test          all tests'
	@echo 'make variants      the end-to-end tests over both back ends, without GLX on the 2D side and with it'
	@echo 'make check         format, lints, documentation and all tests: what CI runs'
	@echo 'make build         glxrun and its libraries, optimised'
	@echo 'make conformance   piglit direct and split, compared; QUICK=1 for what CI runs (tests/conformance/README.md)'
	@echo 'make audit         licences and sources of the crates used; ADVISORIES=1 also asks for known faults of theirs'
	@echo 'make valgrind      small programs in memcheck and helgrind, both back ends'
	@echo 'make deb           a Debian package; deb-test installs it on a clean Debian 12 and tries it there (as root)'
	@echo 'make image         an image, by docker, podman or buildah; image-test builds one and tries it (as root)'
	@echo 'make applications  run many real programs direct and split, renew docs/applications.md'
	@echo 'make torture       faults and load, over both back ends; TIMES=N for so many times, QUICK=1 for what CI has of it'
	@echo 'make soak          half an hour of large frames and of changes: nothing grows, frames add up; MINUTES=N for another time'
	@echo 'make performance   measure what the split costs, renew docs/performance.md: twelve minutes, alone on the machine'

rust:
	@command -v $(CARGO) >/dev/null || { \
	  echo 'glxrun is built with Rust, which is not installed: see https://rustup.rs, or run:'; \
	  echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; exit 1; } >&2

deps: rust
	@sh tests/deps.sh

build: rust
	$(CARGO) build --release -p glxrun-launcher -p glxrun-interposer -p glxrun-vulkan

demo: deps build
	@rm -f demo.png
	env -u DISPLAY -u GLXRUN_DISPLAY3D $(BIN)/glxrun --stats --size 640x480 --shot demo.png@3 \
	  timeout 6 glxgears -geometry 640x480 || [ $$? = 124 ]
	@test -s demo.png && echo 'The 2D side, as it looked after 3 seconds: demo.png'

# nextest where it is installed: it tells which test hangs, and ends it. The end-to-end tests run over both back ends.
test: deps
	@if $(CARGO) nextest --version >/dev/null 2>&1; then run='nextest run'; else run=test; fi; \
	  $(CARGO) $$run --workspace --no-fail-fast && \
	  GLXRUN_TEST_BACKEND=egl:software $(CARGO) $$run -p glxrun-tests --no-fail-fast

# The end-to-end tests over both back ends, with a 2D side without GLX and with it.
variants: deps
	@if $(CARGO) nextest --version >/dev/null 2>&1; then run='nextest run'; else run=test; fi; failed=; \
	  for backend in glx egl:software; do for side in xvfb xvfb-glx; do \
	    echo "GLXRUN_TEST_BACKEND=$$backend GLXRUN_TEST_2D=$$side"; \
	    GLXRUN_TEST_BACKEND=$$backend GLXRUN_TEST_2D=$$side $(CARGO) $$run -p glxrun-tests --no-fail-fast || \
	      failed="$$failed $$backend/$$side"; \
	  done; done; \
	  test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

lint: deps
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(DOC) --workspace --exclude glxrun-launcher
	$(DOC) -p glxrun-launcher

check: lint test

# Compiling cargo-deny takes minutes, so CI does without; advisories come from the network.
audit: rust
	@command -v cargo-deny >/dev/null || { echo 'make audit needs cargo-deny; run: cargo install --locked cargo-deny' >&2; exit 1; }
	$(CARGO) deny check bans licenses sources $(if $(ADVISORIES),advisories)

valgrind: deps
	$(CARGO) build --workspace --bins
	BIN=$(or $(CARGO_TARGET_DIR),target)/debug tests/valgrind/run

conformance: deps
	@sh tests/deps.sh piglit
	$(CARGO) run -p glxrun-tests --bin conformance -- $(if $(QUICK),--quick) $(ARGS)

applications: deps build
	tests/applications/run --install

performance: deps build
	tests/performance

# Tests of faults and of load, which CI runs too, but for less long. Two at a time: they wait more than they work.
TORTURE = $(addprefix --test ,faults sides memory load threads stress soak)
torture: deps
	@if $(CARGO) nextest --version >/dev/null 2>&1; then run='nextest run'; else run=test; fi; \
	  for round in $$(seq $(or $(TIMES),1)); do for backend in glx egl:software; do \
	    GLXRUN_TEST_FULL=$(if $(QUICK),0,1) GLXRUN_TEST_BACKEND=$$backend $(CARGO) $$run -p glxrun-tests $(TORTURE) || exit 1; \
	  done; echo "make torture: round $$round of $(or $(TIMES),1) passed"; done

soak: deps
	$(CARGO) run --release -p glxrun-tests --bin bench -- soak --minutes $(or $(MINUTES),30)

deb: build
	@command -v cargo-deb >/dev/null || { echo 'make deb needs cargo-deb; run: cargo install cargo-deb' >&2; exit 1; }
	install -D -s -t $(BIN)/deb/bin $(BIN)/glxrun
	install -D -s -m 644 -t $(BIN)/deb/lib $(BIN)/libglxrun.so $(BIN)/libglxrun_vulkan.so
	mkdir -p $(BIN)/deb/bash $(BIN)/deb/zsh $(BIN)/deb/fish
	$(BIN)/glxrun man | gzip -9n >$(BIN)/deb/glxrun.1.gz
	$(BIN)/glxrun completions bash >$(BIN)/deb/bash/glxrun
	$(BIN)/glxrun completions zsh >$(BIN)/deb/zsh/_glxrun
	$(BIN)/glxrun completions fish >$(BIN)/deb/fish/glxrun.fish
	$(CARGO) deb -p glxrun-launcher --no-build -o $(BIN)/..

deb-test: deb
	tests/packages/deb $(BIN)/../glxrun_*.deb

image:
	@IMAGE='$(IMAGE)' BASE='$(BASE)' EXTRA='$(EXTRA)' tests/packages/build-image $(IMAGE_OPTIONS)

image-test:
	@tests/packages/image
