"""Mosquitto: MQTT in C, one thread on epoll. With QoS 0 it stores nothing and acknowledges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.load.targets.base import Population
from tests.load.targets.peer import HOST, Peer, said_by
from tests.load.wires.mqtt import MqttWire

_CONFIGURATION = """
listener {port} {host}
allow_anonymous true
# Counts for root only, and there it keeps what was asked for: the temporary folder is nobody else's.
user root
# Nothing is kept on a disk or written about itself, and there are no topics of statistics.
persistence false
log_dest none
connection_messages false
sys_interval 0
# Messages of QoS 0 are dropped behind this many for one client, silently; 0: never.
max_queued_messages 0
max_inflight_messages 0
# Its default. Every message is a write of its own, which Nagle's algorithm gathers: to a hundred members a delivery
# costs half of the processor time that it costs without, to one four fifths; and nobody waits any longer for it.
set_tcp_nodelay false
"""


class Mosquitto(Peer):
    """Everybody may come in and use every topic: no list of rights is looked at."""

    name = "Mosquitto"
    binary: ClassVar[str] = "mosquitto"
    wire = MqttWire()

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> Sequence[str]:
        self.version = said_by([found, "-h"]).splitlines()[0]
        configuration = folder / "mosquitto.conf"
        configuration.write_text(_CONFIGURATION.format(host=HOST, port=port))
        return [found, "-c", str(configuration)]
