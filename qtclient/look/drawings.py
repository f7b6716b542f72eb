"""The icons, drawn by one hand: a 24 x 24 field, round strokes of 1.75, two units of air around.

``@`` stands for the colour where a shape is filled.
"""

from __future__ import annotations

DRAWINGS: dict[str, str] = {
    "add": '<path d="M12 5v14M5 12h14"/>',
    "add_friend": (
        '<circle cx="10" cy="8" r="3.75"/><path d="M3.25 19.5c.5-3.6 3.2-5.75 6.75-5.75 1.6 0 3 .45 4.1'
        ' 1.2"/><path d="M18 14.5v6M15 17.5h6"/>'
    ),
    "alert": ('<circle cx="12" cy="12" r="8.75"/><path d="M12 7.5v5.25"/><path d="M12 16.2v.05" stroke-width="2.2"/>'),
    "attach": (
        '<path d="M19.5 11.5l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.55 1.55'
        ' 0 0 1-2.2-2.2l7-7"/>'
    ),
    "bell": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z"/><path d="M10 20.75h4"/>',
    "bell_off": (
        '<path d="M6 16.5V11c0-.9.2-1.8.55-2.55M9.2 5.7A6 6 0 0 1 18 11v3.6M15.5 18h-11L6 16.5M10'
        ' 20.75h4"/><path d="M4 4l16.5 16.5"/>'
    ),
    "chats": '<path d="M4 5.5h12.5v9H9l-3.5 3v-3H4z"/><path d="M16.5 9H20v9h-1.5v2.5L15.25 18H11"/>',
    "check": '<path d="M5 12.75l4.5 4.5L19 7.25"/>',
    "check_two": '<path d="M2.5 12.9l4.2 4.2L15.2 7.4"/><path d="M12 16.2l.9.9 8.6-9.7"/>',
    "clock": '<circle cx="12" cy="12" r="8.25"/><path d="M12 7.25V12l3.25 2"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "copy": (
        '<rect x="8.5" y="8.5" width="11" height="11.5" rx="2"/>'
        '<path d="M15.5 5.5A1.5 1.5 0 0 0 14 4H6a2 2 0 0 0-2 2v8.5A1.5 1.5 0 0 0 5.5 16"/>'
    ),
    "down": '<path d="M5.5 9.25L12 15.75l6.5-6.5"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M5 19.75h14"/>',
    "emoji": (
        '<circle cx="12" cy="12" r="8.75"/><path d="M8.25 14.25c.8 1.4 2.15 2.2 3.75 2.2s2.95-.8'
        ' 3.75-2.2"/><path d="M9 9.6v.3M15 9.6v.3" stroke-width="2.4"/>'
    ),
    "eye": (
        '<path d="M2.75 12S6 5.75 12 5.75 21.25 12 21.25 12 18 18.25 12 18.25 2.75 12 2.75 12z"/>'
        '<circle cx="12" cy="12" r="2.75"/>'
    ),
    "file": ('<path d="M6 3.5h8l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H6.5A1.5 1.5 0 0 1 5 19V5"/><path d="M14 3.5V8h4.5"/>'),
    "file_plain": (
        '<path d="M6.5 3.5H14L18.5 8v11a1.5 1.5 0 0 1-1.5 1.5H6.5A1.5 1.5 0 0 1 5 19V5a1.5 1.5 0 0 1'
        ' 1.5-1.5z"/><path d="M13.75 3.75V8.25h4.5"/>'
    ),
    "folder": (
        '<path d="M3.5 7A1.75 1.75 0 0 1 5.25 5.25H9l2 2.25h7.75A1.75 1.75 0 0 1 20.5 9.25v8A1.75 1.75 0'
        ' 0 1 18.75 19H5.25a1.75 1.75 0 0 1-1.75-1.75z"/>'
    ),
    "group": (
        '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.75 19c.4-3.4 2.9-5.25 6.25-5.25s5.85 1.85 6.25'
        ' 5.25"/><path d="M15.5 5.3a3.4 3.4 0 0 1 0 6.4M17.75 14.3c2 .7 3.25 2.3 3.5 4.7"/>'
    ),
    "help": (
        '<circle cx="12" cy="12" r="8.75"/><path d="M9.4 9.6A2.6 2.6 0 0 1 12 7.4c1.5 0 2.6.95 2.6 2.3 0'
        ' 1.9-2.5 2-2.5 3.9"/><path d="M12.05 16.6v.05" stroke-width="2.2"/>'
    ),
    "image": (
        '<rect x="3.5" y="4.5" width="17" height="15" rx="2.25"/><circle cx="8.75" cy="9.5" r="1.6"/>'
        '<path d="M4 17l4.75-4.5 3.5 3 3.5-3.75L20.25 16"/>'
    ),
    "leave": (
        '<path d="M10.5 4.5h-4A1.5 1.5 0 0 0 5 6v12a1.5 1.5 0 0 0 1.5 1.5h4M10 12h10M16.25 8.25L20 12l-3.75 3.75"/>'
    ),
    "link": (
        '<path d="M10 14a4 4 0 0 0 5.65 0l3.2-3.2a4 4 0 0 0-5.65-5.65L12 6.35M14 10a4 4 0 0 0-5.65'
        ' 0l-3.2 3.2a4 4 0 0 0 5.65 5.65L12 17.65"/>'
    ),
    "lock": '<rect x="5" y="10.5" width="14" height="9.5" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "more": '<path d="M5.5 12v.05M12 12v.05M18.5 12v.05" stroke-width="2.8"/>',
    "new_group": (
        '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.75 19c.4-3.4 2.9-5.25 6.25-5.25 1.4 0 2.65.3'
        ' 3.65.9"/><path d="M18 13.5v6M15 16.5h6"/>'
    ),
    "open": (
        '<path d="M13.5 4.5h6v6M19.25 4.75L11 13M18 14v4a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 4'
        ' 18V7a1.5 1.5 0 0 1 1.5-1.5h4"/>'
    ),
    "pause": '<path d="M8.5 5.5v13M15.5 5.5v13" stroke-width="2.4"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20c.5-4 3.5-6.25 7.5-6.25s7 2.25 7.5 6.25"/>',
    "play": '<path d="M8 5.25v13.5L19 12z"/>',
    "read": (
        '<path d="M12 2.75a9.25 9.25 0 1 1 0 18.5a9.25 9.25 0 0 1 0-18.5z M6.69 13.11 L10.63 17.04'
        ' L17.43 9.68 L15.97 8.32 L10.57 14.16 L8.11 11.69z" fill="@" fill-rule="evenodd" stroke="none"/>'
    ),
    "retry": '<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9"/><path d="M19.75 4.25V9H15"/>',
    "search": '<circle cx="10.75" cy="10.75" r="6.5"/><path d="M15.6 15.6l4.65 4.65"/>',
    "send": '<path d="M4.5 4.75L20.5 12l-16 7.25L7 12z"/><path d="M7 12h6"/>',
    "settings": (
        '<path d="M4 7h9M18.5 7H20M4 17h2M11.5 17H20"/><circle cx="15.75" cy="7" r="2.5"/>'
        '<circle cx="8.75" cy="17" r="2.5"/>'
    ),
    "shield": '<path d="M12 3.5l7 2.5v5.25c0 4.4-2.8 7.6-7 9.25-4.2-1.65-7-4.85-7-9.25V6z"/>',
    "transfers": '<path d="M8 19.5v-15M4 8.5l4-4 4 4M16 4.5v15M12 15.5l4 4 4-4"/>',
    "up_arrow": '<path d="M12 20V9M7 13.5l5-5 5 5M5 4.25h14"/>',
    "wifi_off": (
        '<path d="M3.5 10a12.5 12.5 0 0 1 4-2.5M12.5 6.3A12.6 12.6 0 0 1 20.5 10M6.6 13.4a8 8 0 0 1'
        ' 3.4-1.9M15.2 12c.8.35 1.55.8 2.2 1.4M9.6 16.6a3.8 3.8 0 0 1 4.8 0"/>'
        '<path d="M12 19.6v.05" stroke-width="2.2"/><path d="M4 4l16 16"/>'
    ),
    "zoom_in": '<circle cx="10.75" cy="10.75" r="6.5"/><path d="M15.6 15.6l4.65 4.65M10.75 8v5.5M8 10.75h5.5"/>',
    "zoom_out": '<circle cx="10.75" cy="10.75" r="6.5"/><path d="M15.6 15.6l4.65 4.65M8 10.75h5.5"/>',
}

# The program's own sign: two bubbles that overlap.
APP = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect x="2" y="2" width="60" height="60" rx="15" fill="#2f62d9"/>'
    '<path d="M27 15h17a8 8 0 0 1 8 8v7a8 8 0 0 1-8 8h-1" fill="none" stroke="#a9c2ff"'
    ' stroke-width="4" stroke-linecap="round"/>'
    '<path d="M20 22h14a8 8 0 0 1 8 8v6a8 8 0 0 1-8 8h-9l-7.5 6.2c-1 .8-2.5.1-2.5-1.2V43.2A8 8 0 0 1'
    ' 12 36v-6a8 8 0 0 1 8-8z" fill="#ffffff"/></svg>'
)


def markup(name: str, colour: str) -> bytes:
    """The SVG document of an icon in a colour (``#rrggbb``)."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="none" stroke-width="1.75" '
    ends = f'stroke-linecap="round" stroke-linejoin="round" stroke="{colour}">'
    return f"{head}{ends}{DRAWINGS[name].replace('@', colour)}</g></svg>".encode()
