"""Markdown to HTML for people who trust us: bounded in time, sanitised, and readable whatever happens.

Render once, when a text is saved: `fill(incident, "summary")`. Pages show the stored HTML with `{% markdown incident "summary" %}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.metadata import version
from typing import Any

from django.conf import settings

from portal.errors import Invalid
from portal.markdown import precheck, worker

NUMBER = 2  # ours: raise it when the same source gives other HTML
SANITISER_FLOOR = 1  # raise it to NUMBER for a security repair: HTML made below it is not shown any more
RENDERER = f"{NUMBER}:" + "-".join(version(name) for name in ("markdown", "pymdown-extensions", "pygments", "nh3"))
KEY_LENGTH = 160  # characters; `max_length` for columns that hold a key
TOO_COMPLEX = "shown as plain text: too complex to format"
FOR_NOW = "shown as plain text: not formatted yet"

_SURROGATE = re.compile("[\ud800-\udfff]")
_PREFIX = re.compile(r"md-[a-z0-9-]{0,40}")
_KEY = re.compile(r"[0-9a-f]{64}:(\d+):\S+")


@dataclass(frozen=True, slots=True)
class Html:
    """What is stored beside a text.

    key: the text's hash and the renderer. plain: not formatted. busy: only because nobody had time; render it again soon.
    """

    html: str
    key: str
    plain: bool
    busy: bool = False


def clean(source: str) -> str:
    """The text as it is stored: line ends are LF, no NUL, no half of a surrogate pair."""
    return _SURROGATE.sub("\ufffd", source.replace("\r\n", "\n").replace("\x00", ""))


def refuse_too_long(source: str) -> None:
    """Raises: Invalid, with the count."""
    if len(source) > settings.MARKDOWN_LIMIT:
        raise Invalid(f"This text has {len(source):,} characters; up to {settings.MARKDOWN_LIMIT:,} can be saved.", code="too_long")


def to_html(source: str, *, short: bool = False, prefix: str = "md-", own_images: bool = False) -> Html:
    """HTML of a Markdown text, within 2.5 s whatever the text is. Too complex: the text itself, escaped (`plain`).

    short: for updates, notes and comments. prefix: of ids, `md-` or `md-<kind><pk>-` where several texts share a page.
    own_images: for the public status page and mails, where another host must not learn who reads.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} is no prefix for ids: md-, then small letters, digits and dashes.")
    source = clean(source)
    if len(source) > settings.MARKDOWN_LIMIT or precheck.too_complex(source):
        return Html(plain(source), key_of(source), plain=True)
    try:
        answer = worker.ask({"source": source, "short": short, "prefix": prefix, "own_images": own_images})
    except worker.Killed:
        answer = {}
    except worker.Busy:
        return Html(plain(source, FOR_NOW), f"{key_of(source)}:busy", plain=True, busy=True)
    if "html" in answer:
        return Html(answer["html"], key_of(source), plain=False)
    return Html(plain(source), key_of(source), plain=True)


def plain(source: str, why: str = TOO_COMPLEX) -> str:
    """The whole text, escaped. Always works."""
    return f'<p class="md-plain-note">{why}</p>\n<pre class="md-plain">{escape(source)}</pre>'


def key_of(source: str) -> str:
    """What `Html.key` is for this text now; another key beside stored HTML means it is out of date."""
    return f"{sha256(clean(source).encode()).hexdigest()}:{RENDERER}"


def may_show(key: str) -> bool:
    """Whether stored HTML with that key was made by a sanitiser that is still trusted."""
    known = _KEY.fullmatch(key or "")
    return bool(known) and int(known[1]) >= SANITISER_FLOOR  # type: ignore[index]


def fill(instance: Any, field: str, *, short: bool = False, prefix: str = "md-") -> Html:
    """Set `<field>_html` and `<field>_html_key` in memory; the caller saves. An up-to-date text costs nothing.

    Call it before the transaction: formatting may take two seconds. If the result is `busy`, `rerender.later` in it.
    """
    source = clean(getattr(instance, field))
    if getattr(instance, f"{field}_html_key") == key_of(source):
        html = getattr(instance, f"{field}_html")
        return Html(html, key_of(source), plain='<pre class="md-plain">' in html)
    result = to_html(source, short=short, prefix=prefix)
    setattr(instance, field, source)
    setattr(instance, f"{field}_html", result.html)
    setattr(instance, f"{field}_html_key", result.key)
    return result
