"""The file daemon against other file servers: ``make bench-files``, or ``python -m tests.bench --help``.

All servers run at once on free ports, with configurations made for the run; each round measures one after the other,
with the same client (curl). Everything, sources, stored files and the index, lies in memory (/dev/shm): no figure says
anything about a disk.
"""
