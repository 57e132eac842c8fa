"""Does a page look right? Accessibility by axe, no sideways scroll, no cut parts, no complaint of the browser, at two sizes in two themes."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

VENDOR = Path(__file__).parent / "vendor"
THEMES = ("light", "dark")
NARROWEST = 320  # px
RULES = "([place, only]) => axe.run(place || document, {runOnly: only})"
EVERY_RULE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]  # all that a second theme can change
TOO_SMALL = """() => [...document.querySelectorAll('a, button, input, summary, select')].filter(e => {
  const box = e.getBoundingClientRect(), style = getComputedStyle(e)
  return box.width > 1 && box.height > 1 && box.height < 24 && style.visibility != 'hidden' && style.display != 'inline'
    && !['checkbox', 'radio'].includes(e.type) && !e.closest('dialog:not([open])')
}).map(e => e.outerHTML.slice(0, 90))"""
# A phone widens its layout when something does not fit, and `innerWidth` with it: compare with the width that was asked for.
CUT = """(width) => [...document.querySelectorAll('main *')].filter(e => {
  const box = e.getBoundingClientRect()
  return box.width > 0 && box.right > width + 1 && !e.closest('.scrollx, .diff, .cmd pre, .board, .seg, .sr, .spark, pre, .CodeMirror')
}).slice(0, 4).map(e => `${e.tagName}.${e.className.baseVal ?? e.className} reaches ${Math.round(e.getBoundingClientRect().right)} px`)"""
DIALOGS = "[...document.querySelectorAll('dialog[id]')].map(d => d.id).filter(id => !['more', 'keys'].includes(id))"
SIDEWAYS = "(width) => document.documentElement.scrollWidth > width || innerWidth > width"


@cache
def _axe() -> str:
    return (VENDOR / "axe.min.js").read_text(encoding="utf-8")


def accessibility(page, place: str = "", *, only: list[str] = EVERY_RULE) -> list[str]:
    """What axe finds on the page, or in the part that the selector `place` names, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found = page.evaluate(RULES, [place, only])["violations"]
    return [f"axe {rule['id']}: {rule['help']}: {node['html'][:140]}" for rule in found for node in rule["nodes"][:3]]


def findings(page, name: str, url: str, *, sizes: str, status: int = 200) -> list[str]:
    """Loads the page once and looks at it, and at its dialogs, in both themes. sizes: "1440" or "390" (which looks at 320 px too)."""
    response = page.goto(url)
    if response.status == status >= 400:
        page.complaints[:] = [line for line in page.complaints if f"status of {status}" not in line]
    return ([f"{name}: answer {response.status}"] if response.status != status else []) + examine(page, name, sizes=sizes)


def examine(page, name: str, *, sizes: str) -> list[str]:
    """The page as it stands, with every dialog of its own; the shell's two are looked at once, in test_shell."""
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        photograph(page, f"{name}-{sizes}-{theme}")
        found += [f"{theme}: {line}" for line in accessibility(page, only=_rules(theme))]
    found += [f"too small to hit: {line}" for line in page.evaluate(TOO_SMALL)]
    found += _fits(page, int(sizes)) + _dialogs(page, name, sizes)
    if sizes == "390":
        page.set_viewport_size({"width": NARROWEST, "height": 640})
        found += _fits(page, NARROWEST)
    return [f"{name} at {sizes}: {line}" for line in found + page.complaints]


def _rules(theme: str) -> list[str]:
    return EVERY_RULE if theme == THEMES[0] else OF_COLOUR


def _dialogs(page, name: str, sizes: str) -> list[str]:
    found = []
    for dialog in page.evaluate(DIALOGS):
        page.evaluate("id => document.getElementById(id).showModal()", dialog)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            photograph(page, f"{name}-dialog-{dialog}-{sizes}-{theme}")
            found += [f"dialog {dialog}, {theme}: {line}" for line in accessibility(page, f"#{dialog}", only=_rules(theme))]
        if page.evaluate("id => { const d = document.getElementById(id); return d.scrollWidth > d.clientWidth + 1 }", dialog):
            found.append(f"dialog {dialog} scrolls sideways")
        page.evaluate("id => document.getElementById(id).close()", dialog)
    return found


def _fits(page, width: int) -> list[str]:
    return ([f"scrolls sideways at {width} px"] if page.evaluate(SIDEWAYS, width) else []) + page.evaluate(CUT, width)


def photograph(page, name: str) -> None:
    """A picture in $PORTAL_SCREENSHOTS, when that is set."""
    folder = os.environ.get("PORTAL_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def looks_right(open_page, name: str, url: str, user=None, *, session=None, status: int = 200) -> None:
    """Fails with every finding of the page, signed in as `user`."""
    found = []
    for sizes in ("1440", "390"):
        found += findings(open_page(user, phone=sizes == "390", session=session), name, url, sizes=sizes, status=status)
    if found:
        pytest.fail("\n".join(found), pytrace=False)
