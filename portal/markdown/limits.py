"""How much of what may be formatted. Beyond a limit a text is shown as plain text, never refused to a reader."""

SOURCE = 65_536  # characters in one field; `settings.MARKDOWN_LIMIT` is this number
HTML = 512 * 1024  # characters
DEEP = 100  # tags open at once
WALL = 2.0  # seconds for formatting, highlighting and cleaning
ANSWER = 2.4  # seconds for an answer of any kind
LOCK_WAIT = 0.4  # seconds for somebody else's text
RENDERS = 500  # of one child, then a new one
MEMORY = 1024**3  # bytes of address space
FRAME = 8 * 1024 * 1024  # bytes; nothing between parent and child is longer

CODE = 16 * 1024  # characters in a block that is highlighted
CODE_LINE = 1000  # characters in one of its lines
