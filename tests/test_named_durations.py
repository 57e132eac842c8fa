"""No page prints a duration figure without its two ends and n: every page of the browser suite is read, block by block."""

from __future__ import annotations

import importlib
import pkgutil
import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests import browser
from tests.portal.test_every_page_is_looked_at import thrown_away

LENGTH = re.compile(r"\b\d+\s?(s|min|h|days)\b|\b\d+m \d+s\b")
FIGURE = re.compile(r"\b(median|p90|p95|average|avg|mean time|percentile|mtt[a-z])\b", re.I)
SINGLE = re.compile(r"^\s*(duration|time to \w+)\b", re.I)
ENDS, HOW_MANY = re.compile(r"→"), re.compile(r"\bn\s?=?\s?\d+|\d+ of \d+")
BLOCKS = {"tr", "li", "p", "dl", "section", "footer", "caption"}
VOID = {"input", "br", "img", "meta", "link", "hr", "wbr", "col", "source", "use", "path"}


class Blocks(HTMLParser):
    """The text of each innermost block; a cell's `data-l` is the heading that stands over it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[list[str]] = []
        self.tags: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        self.tags.append(tag)
        if tag in BLOCKS:
            self.open.append([])
        label = dict(attrs).get("data-l")
        if label and self.open:
            self.open[-1].append(f" {label}: ")

    def handle_endtag(self, tag):
        while self.tags and tag in self.tags:
            closed = self.tags.pop()
            if self.open:
                self.open[-1].append(" ")
            if closed in BLOCKS and self.open:
                self.found.append(" ".join("".join(self.open.pop()).split()))
            if closed == tag:
                break

    def handle_data(self, data):
        if self.open and not {"script", "style"} & set(self.tags):
            self.open[-1].append(data)


def unnamed(html: str) -> list[str]:
    """Blocks that print a figure of lengths without both ends and n, or one length without its ends."""
    reader = Blocks()
    reader.feed(html)
    wrong = []
    for text in reader.found:
        if not LENGTH.search(text):
            continue
        if (FIGURE.search(text) and not (ENDS.search(text) and HOW_MANY.search(text))) or (SINGLE.search(text) and not ENDS.search(text)):
            wrong.append(text[:160])
    return wrong


def test_the_reader_finds_a_bare_figure_and_lets_a_named_one_pass():
    assert unnamed("<p>Our MTTR is 34 min</p>") == ["Our MTTR is 34 min"]
    assert unnamed("<tr><td data-l='median'>34 min</td><td>impact started → resolved</td></tr>")
    assert not unnamed("<tr><td data-l='median'>34 min</td><td>impact started → resolved, n 5</td></tr>")
    assert not unnamed("<p>Due in 34 min</p>")
    assert unnamed("<dl><dt>Duration</dt><dd>52 min</dd></dl>")


@pytest.mark.slow
@pytest.mark.django_db
def test_no_page_prints_a_duration_without_its_two_ends_and_n():
    wrong, seen = {}, 0
    for module in pkgutil.iter_modules(browser.__path__):
        if not module.name.startswith("pages"):
            continue
        for page in importlib.import_module(f"{browser.__name__}.{module.name}").PAGES:
            with thrown_away():
                reader, client = page.reader(), Client()
                if reader:
                    client.force_login(reader)
                    session = client.session
                    session.update(page.session(reader))
                    session.save()
                html = client.get(page.prepare(reader)).content.decode()
                seen += "<html" in html
                if found := unnamed(html):
                    wrong[page.name] = found

    print(f"{seen} pages read")
    assert seen > 60
    assert wrong == {}
