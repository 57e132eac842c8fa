"""What HTML may hold: a short list of tags, attributes, schemes and class names. The last step; nothing touches the text after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import nh3

_TEXT = "p br hr h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code span div em strong del s sub sup kbd mark abbr"
_MORE = "table thead tbody tr th td a img input details summary nav section"
_TAGS = {*_TEXT.split(), *_MORE.split()}
_REMOVED_WITH_CONTENT = set("script style title noscript template iframe noembed noframes textarea xmp math svg".split())  # noqa: SIM905
_SCHEMES = {"http", "https", "mailto", "tel"}
_NAMED = "div span pre code ul ol li p sup a h1 h2 h3 h4 h5 h6 section nav input".split()  # noqa: SIM905
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "input": {"disabled", "checked"},
    "th": {"align", "scope", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
    "ol": {"start"},
    "details": {"open"},
    "abbr": {"title"},
}
for _tag in _NAMED:
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"id", "class"}

_ID = re.compile(r"(md-|fn-|fnref-|fn:|fnref:|fnref\d+:)[\w:.-]{1,100}")  # never a name that clobbers a property of `document`
_CLASS = re.compile(  # never a class of our own buttons and badges
    r"highlight|codehilite|language-[\w+#.-]{1,30}|admonition(-title)?|note|warning|danger|tip|toc|headerlink"
    r"|task-list(-item|-control|-indicator)?|footnote(-ref|-backref)?|hl-[a-z]{1,3}\d?"
)
_NUMBER = re.compile(r"[0-9]{1,4}")
_PLACE = re.compile(r"(/(?!/)|media/)[^\s\\\x00-\x1f]*")
_HTTPS = re.compile(r"https://[^\s\\\x00-\x1f]+")


def sanitise(html: str, *, own_images: bool = False) -> str:
    """HTML with nothing left that runs, reaches out or dresses up as ours. `own_images`: none from other hosts."""
    return _cleaner(own_images).clean(html)


@cache
def _cleaner(own_images: bool) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_REMOVED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter(own_images),
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow ugc",
        strip_comments=True,
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": "", "aria-label": "to tick"}},  # any <input> is a dead checkbox
    )


def _filter(own_images: bool) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return " ".join(word for word in value.split() if _CLASS.fullmatch(word)) or None
        if name == "src":
            allowed = _PLACE.fullmatch(value) or (not own_images and _HTTPS.fullmatch(value))
            return value if allowed else None
        if name == "id":
            return value if _ID.fullmatch(value) else None
        if name in {"width", "height", "colspan", "rowspan", "start"}:
            return value if _NUMBER.fullmatch(value) else None
        if name == "align":
            return value if value in {"left", "right", "center"} else None
        return value

    return keep
