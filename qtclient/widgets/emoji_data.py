"""Emoji in their families. Their English names are Unicode's own; Chinese words help to find the usual ones."""

from __future__ import annotations

from functools import lru_cache

import unicodedata2

FACES = (
    "😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩😘😗😚😙😋😛😜🤪😝🤑🤗🤭🤫🤔🤐🤨😐😑😶😏😒🙄😬🤥😌😔😪🤤😴😷🤒🤕🤢🤮"
    "🤧🥵🥶🥴😵🤯🤠🥳😎🤓🧐😕😟🙁😮😯😲😳🥺😦😧😨😰😥😢😭😱😖😣😞😓😩😫🥱😤😡😠🤬😈👿💀💩🤡👻👽🤖😺😸😹😻"
    "😼😽🙀😿😾"
)
HANDS = "👋🤚✋🖖👌🤏✌🤞🤟🤘🤙👈👉👆👇☝👍👎✊👊🤛🤜👏🙌👐🤲🤝🙏✍💅🤳💪👀👂👃🧠👶🧒👦👧🧑👨👩🧓👴👵🙋🙇🤦🤷💃🕺👫👪"
HEARTS = "❤🧡💛💚💙💜🖤🤍🤎💔❣💕💞💓💗💖💘💝💯💢💥💫💦💨💬💭💤⭐🌟✨⚡🔥🎉🎊🎈🎁🏆🥇✅❌❓❗➕➖♻⚠🔔🔒🔑"
NATURE = (
    "🐶🐱🐭🐹🐰🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤🦆🦅🦉🐺🐴🦄🐝🦋🐌🐞🐢🐍🐙🦀🐠🐟🐬🐳🐘🐫🌵🎄🌲🌳🌴🌱🌿🍀🍁🍂🌷"
    "🌹🌺🌸🌼🌻🌞🌙☀⛅☁🌧❄☃🌈🌊"
)
FOOD = (
    "🍏🍎🍐🍊🍋🍌🍉🍇🍓🍒🍑🥭🍍🥝🍅🥑🥦🥒🌽🥕🥔🍞🥐🧀🥚🍳🥞🥓🍗🍔🍟🍕🌮🥗🍝🍜🍲🍣🍱🥟🍚🍦🍰🎂🍫🍬🍩🍪🍯🥛"
    "☕🍵🍺🍻🥂🍷🍸🥢🍴"
)
THINGS = (
    "🚗🚕🚌🚑🚒🚜🚲🏍🚨🚆🚄✈🚀🚁⛵🚢⚓🚦🗺🏔🏕🏖🏠🏢🏥🏫⌚📱💻⌨🖨📷🎥📞📺🎧🎤🎵🎸🎹🥁🎮🎲🎯⚽🏀🏈⚾🎾🏐"
    "🏓🏸⛷🏊🚴📚📖✏📝📎📌📁📅📈📉🔍🔧🔨⚙💡🔋💰💳✉📦🛒🚪🛏🚿🧹⏰⏳🕐"
)

_CHINESE = {
    "笑": "😀😃😄😁😆😅🤣😂🙂😊",
    "哭": "😢😭🥲😿",
    "爱": "❤🥰😍😘💕💖💘💝",
    "心": "❤🧡💛💚💙💜🖤🤍💔💕💖",
    "赞": "👍👏💯🎉",
    "好": "👍👌💯✅",
    "不": "👎❌🙅",
    "谢": "🙏",
    "拜": "🙏👋",
    "手": "👋🤚✋👌✌👍👎👏🙏🤝💪",
    "火": "🔥",
    "生日": "🎂🎁🎉🎈",
    "蛋糕": "🎂🍰",
    "礼物": "🎁",
    "庆": "🎉🎊🥳🥂",
    "酒": "🍺🍻🥂🍷🍸",
    "茶": "🍵",
    "咖啡": "☕",
    "饭": "🍚🍱🍜",
    "面": "🍜🍝",
    "饺子": "🥟",
    "水果": "🍏🍎🍐🍊🍋🍌🍉🍇🍓🍒🍑",
    "狗": "🐶",
    "猫": "🐱😺",
    "熊猫": "🐼",
    "马": "🐴🦄",
    "花": "🌷🌹🌺🌸🌼🌻",
    "树": "🌲🌳🌴🎄",
    "雨": "🌧",
    "雪": "❄☃",
    "太阳": "🌞☀",
    "月": "🌙",
    "车": "🚗🚕🚌🚲🚄",
    "飞机": "✈",
    "火箭": "🚀",
    "船": "⛵🚢",
    "山": "🏔",
    "家": "🏠",
    "学": "🏫📚📖",
    "书": "📚📖",
    "电话": "📞📱",
    "电脑": "💻",
    "音乐": "🎵🎸🎹🎧",
    "球": "⚽🏀🏈⚾🎾🏐🏓🏸",
    "钱": "💰💳🤑",
    "睡": "😴💤😪🛏",
    "生气": "😡😠🤬😤",
    "想": "🤔💭",
    "怕": "😱😨😰",
    "汗": "😅😓💦",
    "病": "😷🤒🤕🤢",
    "对": "✅👌",
    "错": "❌",
}


def families() -> list[str]:
    """All of them, in the order in which they are shown."""
    return [FACES, HANDS, HEARTS, NATURE, FOOD, THINGS]


@lru_cache(maxsize=1024)
def name(sign: str) -> str:
    """Unicode's name, small."""
    return str(unicodedata2.name(sign, "")).lower()


def find(wanted: str) -> str:
    """All whose name has every one of the words, or that belong to a Chinese word."""
    words = wanted.lower().split()
    every = "".join(families())
    chinese = "".join(
        signs for word, signs in _CHINESE.items() if wanted.strip() and (word in wanted or wanted in word)
    )
    found = [sign for sign in every if sign in chinese or (words and all(word in name(sign) for word in words))]
    return "".join(dict.fromkeys(found))
