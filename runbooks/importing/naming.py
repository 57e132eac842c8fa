"""What a page is called: its title, its address, and the one word under which alerts look for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from django.utils.text import slugify

from portal.search.terms import parts
from runbooks.importing.files import SUFFIXES
from runbooks.sections import Part

_INDEX = frozenset(["readme", "index", "_index"])
TITLE = 200
RESERVED = frozenset(["files", "following", "import", "new", "rules", "suggestions"])  # addresses of pages beside the runbooks'


def stem_of(path: str) -> str:
    """The file's name without its suffix; a README is called like its folder."""
    place = PurePosixPath(path)
    name = next((place.name[: -len(suffix)] for suffix in SUFFIXES if place.name.lower().endswith(suffix)), place.name)
    return place.parent.name if name.lower() in _INDEX and place.parent.name else name


def called(name: str) -> str:
    """Letters and digits only, lower case: KubePodCrashLooping, kube-pod-crash-looping → kubepodcrashlooping."""
    return "".join(c for c in name.lower() if c.isalnum())[:200]


def spoken(name: str) -> str:
    """A file's name as words: `KubePodCrashLooping` → Kube Pod Crash Looping, `high-error-rate` → High error rate."""
    words = " ".join(word for piece in re.split(r"[-_ .]+", name) for word in (parts_kept(piece) or [piece])).strip()
    return words[:1].upper() + words[1:]


def parts_kept(word: str) -> list[str]:
    """The parts of a word put together, with their capitals."""
    sizes, at, found = [len(part) for part in parts(word)], 0, []
    for size in sizes:
        found.append(word[at : at + size])
        at += size
    return found if at == len(word) else []


def title_of(values: Mapping[str, Any], sections: Iterable[Part], path: str) -> str:
    """Front matter, else the first heading of the first level, else the first heading, else the file's name."""
    given = values.get("title")
    sections = list(sections)
    first = next((part.title for part in sections if part.title and part.level == 1), "") or next((part.title for part in sections if part.title), "")
    return " ".join(str(given if isinstance(given, str) and given.strip() else first or spoken(stem_of(path)) or path).split())[:TITLE] or "Untitled"


def address(path: str, taken: set[str]) -> str:
    """A slug of the file's name that is not taken; added to `taken`."""
    name = stem_of(path)
    base = slugify(" ".join(parts_kept(name) or [name]))[:60] or "runbook"
    slug, number = base, 1
    folder = slugify(PurePosixPath(path).parent.name)[:18]
    if (slug in taken or slug in RESERVED) and folder:
        slug = base = f"{folder}-{base}"[:76]
    while slug in taken or slug in RESERVED:
        number += 1
        slug = f"{base}-{number}"
    taken.add(slug)
    return slug
