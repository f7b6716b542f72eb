"""Tests of the database layer, each on both engines."""
