"""Fixed workloads, so that figures can be compared across commits and with other servers.

``make bench``, ``make bench-peers``, or ``python -m tests.load.bench --help``. Every round does each workload once
with each server, one after the other, in an order that changes from round to round; what is shown are medians. Each run
starts its server anew, and accounts for every message as the load test does.
"""
