"""Links between imported files: every target of a text, and the page it means. Pure and linear."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from django.utils.text import slugify
from markdown.extensions.toc import slugify_unicode

from portal.markdown.layout import Fence, pieces
from runbooks.importing.files import SUFFIXES

_TARGETS = (
    re.compile(r"\]\(\s*<([^<>\n]{1,1000})>"),
    re.compile(r"\]\(\s*([^\s()<>]{1,1000}(?:\([^\s()]*\)[^\s()]*)?)(?=[\s)])"),
    re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:\s*<?([^\s<>]{1,1000})"),
    re.compile(r"""\b(?:href|src)\s*=\s*["']([^"'\n]{1,1000})["']"""),
)
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
_REF = re.compile(r"""\{\{[<%]\s*(?:rel)?ref\s+["']?([^"'\s>%]{1,500})["']?\s*[%>]\}\}""")
_OUTSIDE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|$")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$")
_NAMES = ("README", "_index", "index")


@dataclass(frozen=True, slots=True)
class Link:
    """A target as written, and the line of the text that it first stands on (1 is the first)."""

    target: str
    line: int


def in_text(text: str) -> list[Link]:
    """Targets inside the source: not of other hosts, not of the same page. Each once; code is left alone."""
    found: dict[str, int] = {}
    for number, line in _prose(text):
        for target in _on(line):
            if not _OUTSIDE.match(target) and "{{" not in target:
                found.setdefault(target, number)
    return [Link(target, line) for target, line in found.items()]


def outside(text: str) -> list[Link]:
    """Addresses on other hosts, each once."""
    found: dict[str, int] = {}
    for number, line in _prose(text):
        for target in _on(line):
            if target.startswith(("http://", "https://")):
                found.setdefault(target, number)
    return [Link(target, line) for target, line in found.items()]


def same_page(text: str) -> list[str]:
    """Anchors on the same page that links lead to, each once, without the mark."""
    found = [target[1:] for _, line in _prose(text) for target in _on(line) if target.startswith("#") and len(target) > 1]
    return list(dict.fromkeys(unquote(anchor) for anchor in found))


def has_anchor(text: str, anchor: str) -> bool:
    """Whether a heading of any level, a MyST label or an HTML id bears that name."""
    wanted = anchor.lower()
    for _, line in _prose(text):
        heading = _HEADING.match(line)
        if heading and wanted in {
            slugify(heading[1], allow_unicode=True),
            slugify_unicode(heading[1], "-"),
            heading[1].strip().lower().replace(" ", "-"),
        }:
            return True
        if f"({anchor})=" in line or f'id="{anchor}"' in line or f'name="{anchor}"' in line:
            return True
    return False


def _on(line: str) -> Iterator[str]:
    if "`" in line:
        line = _CODE.sub(" ", line)
    if "](" in line or "]:" in line or "=" in line:
        for pattern in _TARGETS:
            yield from pattern.findall(line)
    if "ref" in line:
        yield from _REF.findall(line)


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """Lines outside fenced blocks with their numbers."""
    number = 0
    for piece in pieces(text):
        if isinstance(piece, Fence):
            number += piece.code.count("\n") + 2
        else:
            number += 1
            yield number, piece


class Map:
    """Where the files of one source lead: pages by their path, images, and what else there is."""

    def __init__(self, pages: Mapping[str, str], images: Mapping[str, str], others: set[str]) -> None:
        """pages and images: path → address in the portal."""
        self.pages = {path.lower(): address for path, address in pages.items()}
        self.images = {path.lower(): address for path, address in images.items()}
        self.others = {path.lower() for path in others}
        self.tails: dict[str, list[str]] = {}
        for path in self.pages:
            self.tails.setdefault(_bare(path).rsplit("/", 1)[-1], []).append(path)

    def address(self, target: str, path: str) -> str:
        """In the portal, of what a link in the file `path` means, with its fragment; "" where it leads nowhere."""
        place, _, fragment = unquote(target.strip()).partition("#")
        place = place.partition("?")[0].lower()
        if not place:
            return ""
        found = self._page(place, path.lower()) or self._image(place, path.lower())
        return f"{found}#{fragment}" if found and fragment else found

    def exists(self, target: str, path: str) -> bool:
        """Whether some file that is no page stands there."""
        place = unquote(target.strip()).partition("#")[0].partition("?")[0].lower().rstrip("/")
        return any(one in self.others or any(other.startswith(one + "/") for other in self.others) for one in _places(place, path.lower()) if one)

    def _image(self, place: str, path: str) -> str:
        return next((self.images[one] for one in _places(place, path) if one in self.images), "")

    def _page(self, place: str, path: str) -> str:
        for one in _places(place, path):
            for candidate in _spellings(one):
                if candidate in self.pages:
                    return self.pages[candidate]
        tail = _bare(place.strip("/"))
        likely = [other for other in self.tails.get(tail.rsplit("/", 1)[-1], ()) if _bare(other).endswith("/" + tail) or _bare(other) == tail]
        absolute = place.startswith("/") or "/" not in place
        return self.pages[likely[0]] if absolute and len(likely) == 1 else ""


def _places(place: str, path: str) -> list[str]:
    """Where a target may lie: beside the file, from the root of its source, or from the root of one of the folders above it."""
    folder = posixpath.dirname(path)
    if not place.startswith("/"):
        beside = posixpath.normpath(posixpath.join(folder, place))
        # Sites serve each page as a folder of its own, so that their authors write one `..` more.
        deeper = posixpath.normpath(posixpath.join(folder, _bare(posixpath.basename(path)), place))
        return [one for one in (beside, deeper) if not one.startswith("..")]
    bare = posixpath.normpath(place.lstrip("/") or ".")
    folders = [""]
    for piece in folder.split("/") if folder else []:
        folders.append(posixpath.join(folders[-1], piece))
    return [posixpath.normpath(posixpath.join(one, bare)) for one in folders]


def _spellings(place: str) -> Iterator[str]:
    """A path as links write it: with its suffix, without, as HTML, or as the folder of a README."""
    yield place
    bare = _bare(place)
    for suffix in SUFFIXES:
        yield bare + suffix
    for name in _NAMES:
        for suffix in (".md", ".markdown"):
            yield posixpath.join(bare, name.lower() + suffix) if bare != "." else name.lower() + suffix


def _bare(path: str) -> str:
    for suffix in (*SUFFIXES, ".html", ".htm"):
        if path.endswith(suffix):
            return path[: -len(suffix)]
    return path.rstrip("/")
