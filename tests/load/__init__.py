"""The load test, `make load`, and the benchmark that is made of it, `make bench`: docs/LOAD.md."""
