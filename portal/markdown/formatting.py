"""Markdown to HTML that is not safe yet. Never: snippets, b64, meta, md_in_html, attr_list, custom fences."""

from __future__ import annotations

from functools import lru_cache

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension, slugify_unicode
from markdown.preprocessors import Preprocessor
from markdown.util import ETX, STX
from pymdownx.tasklist import TasklistExtension
from pymdownx.tilde import DeleteSubExtension

from portal.markdown import highlight
from portal.markdown.layout import Fence, pieces

_SLUG = 80  # characters


def to_raw_html(source: str, *, short: bool, prefix: str) -> str:
    """Must pass `sanitise` before anybody sees it. `short`: without table of contents, footnotes and abbreviations."""
    converter = _converter(short, prefix)
    try:
        return converter.convert(source)
    finally:
        converter.reset()


@lru_cache(maxsize=16)
def _converter(short: bool, prefix: str) -> Markdown:
    extensions: list[str | Extension] = [
        TableExtension(use_align_attribute=True),  # the other way is an inline style
        "sane_lists",
        "def_list",
        "admonition",
        TasklistExtension(),
        DeleteSubExtension(subscript=False),  # ~/path and ~/other are paths
        Layout(),
    ]
    if not short:
        extensions += [TocExtension(slugify=_slugger(prefix)), Footnotes(prefix), "abbr"]
    return Markdown(extensions=extensions, output_format="html")


def _slugger(prefix: str):  # type: ignore[no-untyped-def]
    return lambda heading, separator: prefix + slugify_unicode(heading, separator)[:_SLUG]


class Layout(Extension):
    """Takes the place of the formatter's own clean-up of white space, and of its fenced code."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(_LayOut(md), "normalize_whitespace", 30)


class _LayOut(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        source = "\n".join(lines).replace(STX, "").replace(ETX, "").replace("\r\n", "\n").replace("\r", "\n")
        laid_out: list[str] = []
        for piece in pieces(source):
            laid_out += self._stashed(piece) if isinstance(piece, Fence) else [piece]
        return [*laid_out, "", ""]

    def _stashed(self, fence: Fence) -> list[str]:
        placeholder = self.md.htmlStash.store(highlight.block(fence.code, fence.info))
        return ["", " " * fence.indent + placeholder, ""]


class Footnotes(FootnoteExtension):
    """Footnotes whose ids hold the prefix, so that two texts on a page do not share them."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def makeFootnoteId(self, id: str) -> str:
        return super().makeFootnoteId(self.prefix + id)

    def makeFootnoteRefId(self, id: str, found: bool = False) -> str:
        return super().makeFootnoteRefId(self.prefix + id, found)
