"""How the client looks: colours, fonts, icons, avatars. Knows Qt, and nothing of chat."""
