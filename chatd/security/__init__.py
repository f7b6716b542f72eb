"""Passwords, failed logins, rates. A leaf: it knows nothing of the network, the database or chat."""
