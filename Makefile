# make help: what there is. The work is done in scripts/.

# What is empty is left to the server's own defaults, its environment and its configuration file.
LISTEN ?=
FILES ?=
DATA ?=
DATABASE ?=
ARGS ?=
FILES_ARGS ?=
SERVER ?= 127.0.0.1:8000
TESTS ?=
VERSIONS ?=
# Tests mostly wait, so there are more processes than cores; one for single files.
WORKERS ?= $(if $(findstring .py,$(TESTS)),0,4)
PYTEST = .venv/bin/python -m pytest -n $(WORKERS) --dist worksteal
# The interpreter for .venv; empty: the one it has, or python3.
PYTHON ?=
export PYTHON

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One shell that becomes the script, so that a signal to make arrives there.
.PHONY: run
run: export LISTEN := $(LISTEN)
run: export FILES := $(FILES)
run: export FILES_ARGS := $(FILES_ARGS)
# Not expanded by make: a path and a password may hold a dollar sign.
run: override export DATA := $(value DATA)
run: override export DATABASE := $(value DATABASE)
run: ## both daemons, Ctrl-C stops them: LISTEN=0.0.0.0:8000 FILES=0.0.0.0:8080 DATA=var DATABASE=mysql://... ARGS="--more"
	@scripts/venv server && exec scripts/run $(ARGS)

.PHONY: chat
chat: ## the client in the terminal: SERVER=127.0.0.1:8000 ARGS="--more options"
	@scripts/venv server && exec .venv/bin/python -m chatwire $(ARGS) $(SERVER)

# Without SERVER= the client offers the servers that it knows.
.PHONY: client
client: ## the desktop client: SERVER=127.0.0.1:8000 ARGS="--more options"
	@scripts/packages client
	@scripts/venv server client && exec .venv/bin/python -m qtclient \
		$(if $(filter-out file,$(origin SERVER)),--server $(SERVER)) $(ARGS)

.PHONY: demo
demo: ## server, file daemon and two desktop clients with sample accounts, on a folder that is removed at the end
	@scripts/packages client
	@scripts/venv server client && exec scripts/demo $(ARGS)

.PHONY: venv
venv: ## the virtual environment .venv with all parts: PYTHON=python3 to choose the interpreter
	@scripts/venv server client test load lint

.PHONY: test
test: ## the tests, and the Debian packages that they need: TESTS= to narrow it, WORKERS= processes
	@scripts/packages test
	@scripts/venv server client test load
	@$(PYTEST) $(or $(TESTS),tests --ignore=tests/load)

# Apart, as nobody needs them who does not change the tool.
.PHONY: test-load
test-load: ## the tests of the load test itself
	@scripts/packages test
	@scripts/venv server client test load
	@$(PYTEST) $(or $(TESTS),tests/load)

.PHONY: test-pythons
test-pythons: ## the suite on every Python from 3.10 to 3.14 that is at hand, each in a clone: VERSIONS="3.10 3.13"
	@scripts/test-pythons $(VERSIONS)

.PHONY: bench-files
bench-files: ## filed against nginx, vsftpd, pyftpdlib and @tus/server: ARGS="--rounds 9 --only down up ..."
	@scripts/bench-packages files
	@scripts/venv server bench && exec .venv/bin/python -m tests.bench $(ARGS)

.PHONY: fuzz
fuzz: ## hostile input to both daemons for ten minutes, beside a pair that is served: ARGS="--seed 1 --seconds 60"
	@scripts/packages mariadb
	@scripts/venv server test && exec .venv/bin/python -m tests.fuzz $(ARGS)

.PHONY: load
load: ## many simulated clients, every message accounted for: ARGS="--help"
	@$(if $(findstring mariadb,$(ARGS)),scripts/packages mariadb)
	@scripts/venv server load && exec .venv/bin/python -m tests.load $(ARGS)

.PHONY: bench
bench: ## the fixed workloads of the chat server, on SQLite and MariaDB: ARGS="--help"
	@scripts/packages mariadb
	@scripts/venv server load && exec .venv/bin/python -m tests.load.bench $(ARGS)

.PHONY: bench-peers
bench-peers: ## chatd against InspIRCd, Mosquitto, Prosody and plain uvloop: ARGS="--help"
	@scripts/packages mariadb
	@scripts/bench-packages chat
	@scripts/venv server load && exec .venv/bin/python -m tests.load.bench --peers $(ARGS)

.PHONY: bench-school
bench-school: ## 3,000 log in through one address at nine o'clock, beside a pair that chats: ARGS="--help"
	@scripts/venv server load && exec .venv/bin/python -m tests.load.school $(ARGS)

.PHONY: bench-client
bench-client: ## how fast the desktop client is, and what it holds: ARGS="--only start,opening,load,transfer,leaks"
	@scripts/packages test
	@scripts/venv server client test && exec .venv/bin/python -m tests.qtclient.bench $(ARGS)

.PHONY: screenshots
screenshots: ## docs/pictures, from real windows on a virtual screen
	@scripts/packages client screenshots
	@scripts/venv server client test && exec scripts/screenshots $(ARGS)

.PHONY: lint
lint: ## ruff and mypy --strict
	@scripts/venv server client test load lint
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

.PHONY: clean
clean: ## remove .venv and what tools left behind, but not what the server keeps in DATA
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
