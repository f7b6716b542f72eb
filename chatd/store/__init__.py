"""Pooled database access, one file per table family, and the journal, which alone writes messages."""
