"""A Markdown document as headings with what stands under each. Fenced code is never read as anything but text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s{0,3}(`{3,}|~{3,})")
LONGEST = 2000  # characters; a row of brackets costs the square of it
_UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")


@dataclass
class Part:
    """A heading and its own lines, up to the next heading of any level. `level` 0: what stands before the first heading."""

    level: int
    title: str
    line: int  # counted from 1
    lines: list[str] = field(default_factory=list)
    code: set[int] = field(default_factory=set)  # positions in `lines` that are code

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    @property
    def plain(self) -> str:
        return plain(self.title)


def plain(text: str) -> str:
    """Without marks of emphasis and links, for comparing and for titles; the first 2,000 characters."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text[:LONGEST])
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    return " ".join(re.sub(r"(\*\*|__|~~|`|(?<!\w)[*_]|[*_](?!\w))", "", text).split())


def parts(body: str) -> list[Part]:
    """The parts of a document in order, the first one without a heading. Setext headings count too."""
    found, fence = [Part(0, "", 1)], ""
    for number, line in enumerate(body.split("\n"), start=1):
        here = found[-1]
        opened = _FENCE.match(line)
        if fence:
            here.code.add(len(here.lines))
            here.lines.append(line)
            if opened and opened[1][0] == fence[0] and len(opened[1]) >= len(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if opened:
            fence = opened[1]
            here.code.add(len(here.lines))
        heading = None if fence else _HEADING.match(line)
        if heading:
            found.append(Part(len(heading[1]), heading[2], number))
        elif _UNDERLINE.match(line) and here.lines and _may_be_title(here.lines):
            title = here.lines.pop().strip()
            found.append(Part(1 if line[0] == "=" else 2, title, number - 1))
        else:
            here.lines.append(line)
    return found


def _may_be_title(lines: list[str]) -> bool:
    """The last line is a paragraph of its own: what an underline turns into a heading."""
    last = lines[-1].strip()
    return bool(last) and not last.startswith(("|", "-", "*", ">", "```")) and (len(lines) == 1 or not lines[-2].strip())


def under(found: list[Part], index: int) -> list[Part]:
    """The part at `index` and everything nested below it."""
    level = found[index].level
    end = next((i for i in range(index + 1, len(found)) if found[i].level <= level), len(found))
    return found[index:end]
