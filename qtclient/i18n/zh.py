"""Chinese: the words of all rooms together."""

from __future__ import annotations

from qtclient.i18n.zh_lower import ZH_LOWER
from qtclient.i18n.zh_start import ZH_START
from qtclient.i18n.zh_upper import ZH_UPPER

WORDS: dict[str, str] = {**ZH_LOWER, **ZH_START, **ZH_UPPER}
