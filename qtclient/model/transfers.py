"""Files on their way, the newest first."""

from __future__ import annotations

from qtclient.i18n import tr
from qtclient.model.lists import RecordRole, SortedModel
from qtclient.records import Phase, TransferInfo

TransferRole = RecordRole


class TransfersModel(SortedModel[TransferInfo]):
    """What runs and what has ended, until it is cleared."""

    def name_of(self, record: TransferInfo) -> int:
        return record.id

    def place_of(self, record: TransferInfo) -> int:
        return -record.id

    def text_of(self, record: TransferInfo) -> str:
        return record.name

    def spoken(self, record: TransferInfo) -> str:
        percent = 100 * record.done // record.size if record.size else 0
        if record.phase is Phase.FAILED:
            return f"{record.name}, {record.problem}"
        if record.upload:
            return tr("{name} to {other}, {percent} percent", name=record.name, other=record.key.name, percent=percent)
        return tr("{name} from {other}, {percent} percent", name=record.name, other=record.key.name, percent=percent)
