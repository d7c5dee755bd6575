# SPDX-License-Identifier: MIT
#
# `make demo` and `make test` are all that a newcomer needs. Each installs and builds what it
# lacks and is quick when nothing changed. Whatever takes more than a line is a script in .ci/.

.PHONY: help setup debian build install uninstall wheel test-wheel demo docs notebook test test-all test-postgresql test-sqlite bench bench-scale bench-postgresql bench-postgresql-rates hot-functions lint format clean
.DELETE_ON_ERROR:

library := .build/data_store.built
sources := Package.swift $(shell find Sources include -type f -not -path '*.docc/*' -not -path 'Sources/DataStoreFoundation/*')

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 20

environments := .venv .venv-arrow .venv-bare .venv-oldest .venv-polars

setup: $(addsuffix /.complete,$(environments)) ## install what building and testing need

debian:
	@.ci/debian

.venv/.complete: .ci/venv .ci/requirements.txt .ci/requirements-candles.txt | debian
	@.ci/venv .venv .ci/requirements.txt .ci/requirements-candles.txt

.venv-arrow/.complete: .ci/venv .ci/requirements.txt .ci/requirements-arrow.txt .ci/requirements-candles.txt | debian
	@.ci/venv .venv-arrow .ci/requirements.txt .ci/requirements-arrow.txt .ci/requirements-candles.txt

# Each combination of libraries that users have: none, the oldest, and no pandas.
.venv-bare/.complete .venv-oldest/.complete .venv-polars/.complete: .venv-%/.complete: .ci/venv .ci/requirements-%.txt | debian
	@.ci/venv .venv-$* .ci/requirements-$*.txt

build: $(library) ## build the library, .build/release/libdata_store.so

$(library): .ci/swift $(sources) | debian
	@.ci/swift build -c release --product data_store
	@touch $@

install: $(library) ## the C library, header, pkg-config, CMake and man files: PREFIX=/usr/local LIBDIR= DESTDIR=
	@.ci/install

uninstall: ## take away what `make install` put there, with the same PREFIX, LIBDIR and DESTDIR
	@.ci/install uninstall

wheel: ## a wheel for glibc 2.31 and newer, and an sdist, in dist/
	@.ci/dist

test-wheel: ## use the wheel of `make wheel` in bare Debian 11, 12 and 13
	@.ci/test-wheel

demo: ## run four programs on one database file, draw a picture
	@.ci/demo

test: debian ## run every check and test, as continuous integration does
	@.ci/test

test-all: debian ## the same with each proof in full, then sanitizers, instructions, allocations: more than an hour
	@.ci/test-all

test-postgresql: $(library) .venv/.complete ## the tests with all stores on a server, which is started for them
	@.ci/test-postgresql

test-sqlite: $(library) .venv/.complete ## the C and Python tests on other versions of SQLite, fast paths on and off
	@.ci/test-sqlite

.venv-bench/.complete: .ci/venv Benchmarks/requirements.txt Benchmarks/requirements-arctic.txt .ci/requirements-candles.txt | debian
	@.ci/venv .venv-bench Benchmarks/requirements.txt .ci/requirements-candles.txt
	@.venv-bench/bin/python -m pip --quiet --disable-pip-version-check install --no-deps \
		--requirement Benchmarks/requirements-arctic.txt || echo "ArcticDB does not take part: pip could not install it (see above)"

bench: $(library) .venv-bench/.complete ## compare speed and memory with C, sqlite3, pandas, apsw, ADBC, ArcticDB
	@.venv-bench/bin/python Benchmarks/desk.py --seconds 1 --json .build/desk.json
	@.venv-bench/bin/python Benchmarks/run.py --peer-runs 2 --json .build/bench.json
	@.venv-bench/bin/python Benchmarks/memory.py

.venv-bench-postgresql/.complete: .ci/venv Benchmarks/requirements-postgresql.txt | debian
	@.ci/venv .venv-bench-postgresql Benchmarks/requirements-postgresql.txt

bench-postgresql: $(library) .venv-bench-postgresql/.complete ## compare speed on a server with C on libpq, psycopg and others; WRITE=--write
	@Benchmarks/c/build-postgresql .build/bench
	@.ci/postgresql --durable .venv-bench-postgresql/bin/python Benchmarks/postgresql.py $(WRITE)

bench-postgresql-rates: $(library) .venv-bench-postgresql/.complete ## rates of one session on a server; WRITE=--write for docs/postgresql.md
	@.ci/postgresql --durable .venv-bench-postgresql/bin/python Benchmarks/postgresql_rates.py $(WRITE)

bench-scale: $(library) .venv-bench/.complete ## compare a file of 20,000,000 bars with a small one, and 100,000 series with few
	@.venv-bench/bin/python Benchmarks/scale.py
	@.venv-bench/bin/python Benchmarks/many_series.py

.venv-docs/.complete: .ci/venv .ci/requirements-docs.txt | debian
	@.ci/venv .venv-docs .ci/requirements-docs.txt

docs: $(library) .venv/.complete .venv-docs/.complete ## build the documentation site, .build/docs
	@.ci/docs

notebook: $(library) .venv/.complete ## run docs/notebook.py and write docs/notebook.ipynb, with pictures
	@.venv/bin/python .ci/site/notebook.py docs/notebook.py docs/notebook.ipynb

hot-functions: .venv/.complete ## before a release: list again which functions the linker puts side by side
	@.venv/bin/python Benchmarks/hot_functions.py

lint: .venv/.complete ## check style and types
	@.ci/lint

format: .venv/.complete ## bring all sources into the one style
	.ci/swift format --in-place --recursive Sources Tests Package.swift
	.venv/bin/ruff check --fix python
	.venv/bin/ruff format python

clean: ## remove what was built, installed and drawn here
	rm -rf .build $(environments) .venv-bench .venv-bench-postgresql .venv-dist .venv-docs demo dist
