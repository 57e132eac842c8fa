"""Tags of every page: icons, severities, people, times. Built in, so no page loads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.template.context import Context
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal import clock as portal_clock
from portal.accounts.models import User
from portal.web import icons, moments
from portal.web.counts import Count

register = template.Library()

SEVERITIES = {
    1: ("octagon-alert", "Critical"),
    2: ("triangle-alert", "Major"),
    3: ("circle-alert", "Minor"),
    4: ("info", "Low"),
}
HUES = 12
_STROKE = mark_safe(' viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"')


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "") -> SafeString:
    """A picture beside a word; `label` when no word stands beside it."""
    says = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    css = f"icon {cls}".strip()
    return format_html('<svg class="{}"{} {}>{}</svg>', css, _STROKE, says, mark_safe(icons.shapes(str(name))))  # noqa: S308  (vendored files)


@register.simple_tag
def sev(number: int, word: bool = False, lg: bool = False) -> SafeString:
    """Severity as colour, shape and text: `SEV1`, with `word=True` `SEV1 Critical`."""
    shape, name = SEVERITIES[int(number)]
    return format_html('<span class="sev sev{}{}">{}SEV{}{}</span>', number, " lg" if lg else "", icon(shape), number, f" {name}" if word else "")


@register.simple_tag
def tag(kind: str, picture: str, text: object) -> SafeString:
    """A state: tint, icon and word. kind: ok, warn, bad, info, or empty for grey."""
    return format_html('<span class="{}">{}{}</span>', f"tag {kind}".strip(), icon(picture) if picture else "", text)


@register.simple_tag
def av(user: User | None, small: bool = False) -> SafeString:
    """Initials in a circle; a name has to stand beside it."""
    if user is None:
        return format_html('<span class="av h-0{}" aria-hidden="true">–</span>', " s" if small else "")
    return format_html('<span class="av h-{}{}" aria-hidden="true">{}</span>', (user.pk or 0) * 7 % HUES, " s" if small else "", user.initials)


@register.simple_tag
def person(user: User | None, role: str = "", first: bool = False, nobody: str = "nobody") -> SafeString:
    """A person with initials, name and role; `first=True` for dense tables; `nobody` is said for None."""
    if user is None:
        return format_html('<span class="muted">{}</span>', nobody)
    name = user.first_name if first else str(user)
    says = format_html(' <span class="role">· {}</span>', role) if role else ""
    return format_html('<span class="person">{}<span>{}{}</span></span>', av(user, small=True), name, says)


def _now(context: Context) -> datetime:
    given = context.get("now")
    return given if isinstance(given, datetime) else portal_clock.now()


def _time(moment: datetime, text: str, zone: tzinfo | None = None) -> SafeString:
    utc = moment.astimezone(UTC)
    title = moments.exact(moment, zone or timezone.get_current_timezone())
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", title, text)


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None, short: bool = False, nothing: str = "no data") -> str:
    """Under 24 h `3 min ago · 02:11 UTC` (`short=True`: `3 min ago`), else `21 Nov 14:02 UTC`. `now` of the context counts."""
    if moment is None:
        return nothing
    now = _now(context)
    if abs(now - moment) >= timedelta(days=1):
        return _time(moment, f"{moments.stamp(moment, now)}{'' if short else ' UTC'}")
    ago = moments.relative(moment, now)
    return _time(moment, ago if short else f"{ago} · {moment.astimezone(UTC):%H:%M} UTC")


@register.simple_tag(takes_context=True)
def clock(context: Context, moment: datetime | None, utc: bool = True, day: bool = False, nothing: str = "no data") -> str:
    """`02:11 UTC`; without the word under a head that says it (`utc=False`); with the date when it is not today, or always (`day=True`)."""
    if moment is None:
        return nothing
    now = _now(context)
    at = moment.astimezone(UTC)
    text = f"{moments.date(at, now)} {at:%H:%M}" if day else moments.stamp(moment, now)
    return _time(moment, f"{text} UTC" if utc else text)


@register.simple_tag
def local(moment: datetime | None, zone: tzinfo | None = None, nothing: str = "no data") -> str:
    """For shifts: `Mon 30 Nov, 09:00 · 08:00 UTC` in the reader's zone, or in `zone`."""
    if moment is None:
        return nothing
    at = moment.astimezone(zone or timezone.get_current_timezone())
    text = f"{at:%a} {at.day} {at:%b, %H:%M}"
    beside = moment.astimezone(UTC)
    return _time(moment, f"{text} UTC" if not at.utcoffset() else f"{text} · {beside:%H:%M} UTC", zone)


@register.simple_tag(takes_context=True)
def countdown(context: Context, due_at: datetime, say: str = "", cls: str = "") -> SafeString:
    """A clock that runs down to a moment, then up with the word late: `3:40`, `late 0:12`. `say`: what is announced."""
    left = int((due_at - _now(context)).total_seconds())
    text = f"{'late ' if left < 0 else ''}{moments.running(left)}"
    at = f"{due_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return format_html('<span class="{}" role="timer" data-due-at="{}" data-say="{}">{}</span>', f"cd num {cls}".strip(), at, say, text)


@register.simple_tag(takes_context=True)
def overdue(context: Context, due_at: datetime) -> SafeString:
    """`9 days overdue · due 15 Nov 14:00 UTC`, or `due in 2 h 10 min · 14:00 UTC` before that."""
    now = _now(context)
    if due_at >= now:
        return format_html("due {}", when(context, due_at))
    return format_html('<span class="bad">{} overdue</span> · due {}', moments.duration(now - due_at), clock(context, due_at))


@register.simple_tag(takes_context=True)
def running(context: Context, since: datetime, cls: str = "") -> SafeString:
    """A clock that runs up from a moment: `4:12`."""
    text = moments.running(int((_now(context) - since).total_seconds()))
    at = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return format_html('<span class="{}" role="timer" data-since-at="{}">{}</span>', f"num {cls}".strip(), at, text)


@register.filter
def duration(length: timedelta | float | None) -> str:
    """`2m 10s`, `34 min`, `1 h 48 min`, `9 days`; `no data` for None."""
    return "no data" if length is None else moments.duration(length)


@register.filter
def width(percent: float | None) -> str:
    """The class of a width, in steps of five: 37 → `w-35`."""
    return f"w-{min(100, max(0, round((percent or 0) / 5) * 5))}"


@register.filter
def badge(number: int) -> str:
    """A count in a badge: `99+` above 99."""
    return "99+" if number > 99 else str(number)


@register.simple_tag
def count(counts: dict[str, Count], section: str) -> str:
    """The number beside an entry of the navigation; nothing when there is none."""
    found = counts.get(section)
    if not found:
        return ""
    return format_html('<span class="count{}">{}<span class="sr"> {}</span></span>', " hot" if found.hot else "", badge(found.number), found.word)


@register.simple_tag
def spark(values: Sequence[float], cls: str = "muted", threshold: float | None = None) -> SafeString:
    """A line without axes, the newest value right, with a dashed threshold. The number has to stand beside it."""
    if len(values) < 2:
        return SafeString("")
    bounds = [*values, threshold] if threshold is not None else list(values)
    low, span = min(bounds), (max(bounds) - min(bounds)) or 1

    def height(value: float) -> float:
        return round(28 - (value - low) / span * 26, 1)

    points = " ".join(f"{round(i * 100 / (len(values) - 1), 1)},{height(value)}" for i, value in enumerate(values))
    line = format_html('<line class="th" x1="0" x2="100" y1="{0}" y2="{0}"/>', height(threshold)) if threshold is not None else ""
    return format_html(
        '<svg class="spark {}" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon class="ar" points="0,30 {} 100,30"/>{}<polyline class="ln" points="{}"/></svg>',
        cls,
        points,
        line,
        points,
    )


@register.simple_tag(takes_context=True)
def today(context: Context) -> SafeString:
    """For the head of a page: `Tue 24 Nov, 01:48 UTC · 02:48 Europe/Berlin`."""
    now = _now(context)
    utc, here = now.astimezone(UTC), timezone.localtime(now)
    beside = f" · {here:%H:%M} {timezone.get_current_timezone_name()}" if here.utcoffset() else ""
    return _time(now, f"{utc:%a} {utc.day} {utc:%b, %H:%M} UTC{beside}")


@register.simple_tag
def field(bound: BoundField, label: str = "") -> str:
    """A form field with its label, hint and errors; widgets get our classes."""
    widget = bound.field.widget
    kind = "check" if isinstance(widget, CheckboxInput) else "group" if isinstance(widget, RadioSelect | CheckboxSelectMultiple) else "line"
    attrs: dict[str, str | bool] = {} if kind != "line" else {"class": f"inp {widget.attrs.get('class', '')}".strip()}
    context = {"field": bound, "label": label or bound.label, "widget": bound.as_widget(attrs=attrs), "kind": kind}
    return render_to_string("_field.html", context)


@register.simple_tag
def errors(form: BaseForm) -> str:
    """What is wrong with a form, each line leading to its field; nothing when all is well."""
    wrong = sum(len(found) for found in form.errors.values())
    if not wrong:
        return ""
    return render_to_string("_errors.html", {"form": form, "count": "This needs fixing" if wrong == 1 else f"{wrong} things need fixing"})


@register.simple_tag(takes_context=True)
def current_section(context: Context) -> str:
    """What the page put into its `section` block: which entry of the navigation is lit."""
    blocks: Any = context.render_context.get(BLOCK_CONTEXT_KEY) if context.render_context else None
    block = blocks.get_block("section") if blocks else None
    return str(block.nodelist.render(context)).strip() if block else ""


@register.simple_tag(takes_context=True)
def panel(context: Context, shown: Any) -> str:
    """A `portal.web.panels.Panel` rendered for this request; empty when it has nothing to say."""
    return str(shown.render(context.get("request"), _now(context)))
