"""How fast the desktop client is, and what it holds: ``python -m tests.qtclient.bench``."""
