# A thin front: every target is one script. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup build install uninstall dist demo test fuzz soak sanitize bench generate fmt lint clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: ## install what the build and the tests need (apt, a venv and npm packages below this folder)
	@scripts/setup.sh

build: ## the C library, the Python wheel (into target/venv) and the Node addon, release profile
	@scripts/build.sh release

install: ## the C library to PREFIX (/usr/local): libraries, header, pkg-config, CMake, man pages; DESTDIR, LIBDIR
	@scripts/install.sh install

uninstall: ## take out what `make install` with the same PREFIX put in
	@scripts/install.sh uninstall

dist: ## what is published, into dist/: sources, C, Debian packages, wheel, npm packages, SBOM; ARGS="c deb" for parts
	@scripts/dist.sh $(ARGS)

demo: ## build everything and show one pool in C, Python and Node; ORIGIN=http://host:port/path for another server
	@scripts/demo.sh

test: ## set up and run every test
	@scripts/test.sh

fuzz: ## random response bytes, codings, URLs and forms, each for FUZZ_SECONDS (default 60); needs a nightly Rust
	@scripts/fuzz.sh $${FUZZ_SECONDS:-60}

soak: ## 256 callers in three languages against servers that fail, for SOAK_SECONDS (default 600)
	@scripts/soak.sh

sanitize: ## the C programs, the wheel and the addon under AddressSanitizer, the C programs under ThreadSanitizer
	@scripts/sanitize.sh $(ARGS)

bench: ## compare with other clients (long; docs/performance.md tells more)
	@scripts/bench.sh $(ARGS)

generate: ## write the header, the declarations of Python and TypeScript and pages of docs/ from the tables and ffi/
	@cargo run --quiet --bin keepalive-generate

fmt: ## format the Rust code
	@cargo fmt --all

lint: ## rustfmt and clippy as CI runs them
	@scripts/lint.sh

clean: ## remove everything that was built
	@cargo clean
