"""Steps of a section, what each shows, and the blanks in its commands. Pure but for the formatting of `frozen`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from portal.errors import Invalid
from portal.markdown import render
from portal.markdown.layout import Fence, pieces
from runbooks import sections
from runbooks.presenting import presented

TITLE, VALUE, MOST = 160, 300, 80  # characters of a step's title and of a filled blank; steps of one section
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ITEM = re.compile(r" {0,3}(\d{1,3}[.)]|[-*+] +\[[ xX]\])( +)(?=\S)")
_HEADING = re.compile(r"#{3,6} +(?:step +)?(?:\d{1,2})(?:[.:)] +| +-+ +)(.+)$", re.IGNORECASE)
_ANY_HEADING = re.compile(r"#{1,6} ")
_BLANK = re.compile(
    r"<([A-Za-z][\w .:/-]{0,40})>|\$\{([A-Z][A-Z0-9_]{1,40})\}|\$([A-Z][A-Z0-9_]{1,40})\b|\{\{\s*\$labels\.([A-Za-z_]\w{0,40})\s*\}\}"
)
_SET = re.compile(r"(?:^|\s|export )([A-Z][A-Z0-9_]{1,40})=", re.MULTILINE)
_SHELL = frozenset("HOME PATH USER PWD SHELL OLDPWD HOSTNAME RANDOM SECONDS EDITOR LANG TERM UID IFS".split())  # noqa: SIM905
_TAGS = frozenset("a b br code details div em i img kbd li p pre span strong sub summary sup table td th tr ul ol".split())  # noqa: SIM905
_PROMPT = re.compile(r"(?m)^\s*(?:[\w.-]+@[\w.-]+[:~/\w-]*)?(?:\$|>>>|=#|=>) ")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a section: prose, or one step with its title (the first line, without marks)."""

    kind: Literal["prose", "step"]
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece of a command: plain text, a blank that waits, or what was filled in."""

    kind: Literal["text", "blank", "filled"]
    text: str


def blocks(body: str) -> list[Block]:
    """Numbered and ticked list items of the first level, and numbered headings, are steps; all the rest is prose. Nothing is lost."""
    found: list[Block] = []
    lines: list[str] = []
    state, width, fence, count = "prose", 0, "", 0

    def close() -> None:
        text = "\n".join(_dedented(lines, width) if state == "item" else lines).strip("\n")
        if state == "prose" and text.strip():
            found.append(Block("prose", text))
        elif state != "prose":
            found.append(Block("step", text, _title(text)))

    for line in body.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]) else fence
        elif mark:
            fence = mark[1][:3]
        elif count < MOST and (item := _ITEM.match(line)) and state != "heading":
            close()
            lines, state, width, count = [" " * item.end() + line[item.end() :]], "item", item.end(), count + 1
            continue
        elif count < MOST and (heading := _HEADING.match(line)):
            close()
            lines, state, count = [heading[1]], "heading", count + 1
            continue
        elif (state == "heading" and _ANY_HEADING.match(line)) or (state == "item" and _ends(line, lines)):
            close()
            lines, state = [], "prose"
        lines.append(line)
    close()
    return found


def _ends(line: str, before: list[str]) -> bool:
    """A line at the margin behind an empty one is no longer part of the item."""
    return bool(line.strip()) and not line.startswith((" ", "\t")) and bool(before) and not before[-1].strip()


def _dedented(lines: list[str], width: int) -> list[str]:
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines]


def _title(text: str) -> str:
    return sections.plain(text.strip().split("\n", 1)[0])[:TITLE].rstrip(":").strip() or "Step"


def frozen(parts: Iterable[Any], links: dict[str, str]) -> list[dict[str, Any]]:
    """What a followed runbook shows, from its Sections or Parts: JSON, formatted once.

    `[{"anchor", "title", "kind", "blocks": [{"kind", "key", "title", "content": […]}]}]`; `key` of a step is the section's anchor and its
    number; content is `{"html", "key"}`, `{"code", "lang"}` or `{"diagnostic", "options"}`.
    """
    shown = []
    for order, part in enumerate(parts, start=1):
        inside: list[dict[str, Any]] = []
        number = 0
        for block in blocks(part.body):
            number += block.kind == "step"
            key = f"{part.anchor}:{number}" if block.kind == "step" else ""
            prefix = f"md-f{order}-{len(inside)}-"
            inside.append({"kind": block.kind, "key": key, "title": block.title, "content": list(_content(block, links, prefix))})
        shown.append({"anchor": part.anchor, "title": part.title, "kind": part.kind, "blocks": inside})
    return shown


def _content(block: Block, links: dict[str, str], prefix: str) -> Iterator[dict[str, Any]]:
    first, _, rest = block.text.partition("\n")
    text = rest if block.kind == "step" and sections.plain(first).rstrip(":") == block.title else block.text
    prose: list[str] = []
    for piece in pieces(text):
        if isinstance(piece, str):
            prose.append(piece)
            continue
        yield from _html(prose, links, prefix)
        prose = []
        yield _code(piece)
    yield from _html(prose, links, prefix)


def _html(prose: list[str], links: dict[str, str], prefix: str) -> Iterator[dict[str, Any]]:
    source = "\n".join(prose).strip("\n")
    if source.strip():
        html = render.to_html(presented(source, links), prefix=prefix)
        yield {"html": html.html, "key": html.key}


def _code(fence: Fence) -> dict[str, Any]:
    if fence.info.strip() == "diagnostic" and (found := sections.diagnostics(f"```diagnostic\n{fence.code}```")):
        return {"diagnostic": found[0]["name"], "options": found[0]["options"]}
    return {"code": fence.code.rstrip("\n"), "lang": fence.info.strip().split(" ")[0][:30]}


def steps_of(shown: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps of `frozen` sections in order."""
    return [block for section in shown for block in section["blocks"] if block["kind"] == "step"]


def commands(body: str) -> list[str]:
    """The code blocks of a text, without diagnostics."""
    return [piece.code for piece in pieces(body) if isinstance(piece, Fence) and piece.info.strip() != "diagnostic"]


def commands_hash(body: str) -> str:
    """Of what a section has people run, diagnostics too: prose may change without it."""
    blocks = [piece.code.strip() for piece in pieces(body) if isinstance(piece, Fence)]
    return sha256("\x00".join(blocks).encode("utf-8", "replace")).hexdigest()


def blanks(codes: Iterable[str]) -> list[str]:
    """Names of what is to be filled in, each once, in order: `<pod>`, `$NAMESPACE`, `{{ $labels.instance }}`."""
    found: dict[str, None] = {}
    for code in codes:
        own = set(_SET.findall(code))
        for match in _BLANK.finditer(code):
            if (name := _name(match)) and name not in own:
                found.setdefault(name)
    return list(found)


def _name(match: re.Match[str]) -> str:
    """Of a blank; "" for what only looks like one."""
    angle, braced, bare, label = match.groups()
    if angle:
        return "" if angle.lower() in _TAGS or "://" in angle else angle.strip()
    return label or ("" if (braced or bare) in _SHELL else braced or bare)


def filled(code: str, values: Mapping[str, str]) -> list[Shown]:
    """A command with what is known put in, quoted for the shell; prompts are left out, comments stay."""
    code = _PROMPT.sub("", code)
    own, out, at = set(_SET.findall(code)), list[Shown](), 0
    for match in _BLANK.finditer(code):
        name = _name(match)
        if not name or name in own:
            continue
        out.append(Shown("text", code[at : match.start()]))
        out.append(Shown("filled", shlex.quote(values[name])) if values.get(name) else Shown("blank", match[0]))
        at = match.end()
    return [piece for piece in [*out, Shown("text", code[at:])] if piece.text]


def refuse_value(name: str, value: str) -> str:
    """A value as it will be kept. Raises: Invalid, it holds a line break or is too long."""
    value = render.clean(value).strip()
    if "\n" in value:
        raise Invalid(f"{name}: one line only. A line break inside a command would run a second one.")
    if len(value) > VALUE:
        raise Invalid(f"{name}: up to {VALUE} characters; this has {len(value)}.")
    return value
