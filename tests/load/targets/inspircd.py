"""InspIRCd: IRC in C++, one thread on epoll. It stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.load.targets.base import Population
from tests.load.targets.peer import HOST, Peer, said_by
from tests.load.wires.irc import IrcWire

# No module beyond the core's is loaded: each one would look at every message.
_CONFIGURATION = """
<server name="irc.load" description="load test" network="load">
<admin name="nobody" nick="nobody" email="nobody@irc.load">
<bind address="{host}" port="{port}" type="clients">
<path datadir="{folder}" logdir="{folder}">

# It wants to know one, and asks it nothing, since names are not looked up below.
<dns server="{host}" timeout="1">

<connect allow="*"
# No flood limits: a million commands are let through at once, and a million more each second.
 threshold="1000000" commandrate="1000000000" fakelag="no"
# Nobody is thrown out for reading slowly or for sending much in one piece: with a full window this is never reached,
# and softsendq would hold a sender up while its own queue is longer.
 hardsendq="256M" softsendq="128M" recvq="4M"
# All clients come from a handful of addresses.
 localmax="100000" globalmax="100000" maxconnwarn="no" limit="100000"
# No look-ups, which would cost time and could fail.
 resolvehostnames="no" useident="no"
# A login waits for the others of its group, and then nobody is asked whether he is still there.
 timeout="600" pingfreq="1h">

# Read as much as there is in one call (its default is 10 KiB), let thousands connect at once, allow all descriptors,
# and do not count clones twice.
<performance netbuffersize="65534" somaxconn="4096" softlimit="100000" clonesonconnect="no">
"""


class Inspircd(Peer):
    """Runs without a log, as InspIRCd's own documentation has it for speed."""

    name = "InspIRCd"
    binary: ClassVar[str] = "inspircd"
    wire = IrcWire()

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> Sequence[str]:
        self.version = said_by([found, "--version"]).splitlines()[0]
        configuration = folder / "inspircd.conf"
        configuration.write_text(_CONFIGURATION.format(host=HOST, port=port, folder=folder))
        return [found, "--nofork", "--nolog", "--nopid", "--runasroot", "--config", str(configuration)]
