"""Icons: lucide's SVG files, read once, ready to stand in a page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static" / "vendor" / "lucide"
UNKNOWN = "circle"  # a page at night is worth more than a missing picture; a test finds names without a file


@cache
def shapes(name: str) -> str:
    """What is inside the `<svg>` of an icon; a plain circle for a name without a file."""
    path = FOLDER / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        path = FOLDER / f"{UNKNOWN}.svg"
    found = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
    return re.sub(r"\s*\n\s*", "", found[1]) if found else ""
