"""What a page shows of an imported text: links that lead to pages here, other tools' marks as what they mean. The source stays as it is.

Nothing is executed: Hugo, ERB, Jinja, MyST and Go templates are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from portal.markdown.layout import Fence, pieces
from runbooks.importing import links

_TAGS = (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img input kbd li mark nav ol p pre s section span strong "
    "sub summary sup table tbody td tfoot th thead tr u ul"
)
_ALLOWED = frozenset(_TAGS.split())
_ANGLE = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>\n]{0,200})>")
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
_TOC = re.compile(r"\s*\[\[_TOC_\]\]\s*|\s*\[TOC\]\s*|\s*\*\*Table of [Cc]ontents\*\*\s*|\s*\([\w.-]+\)=\s*")
_ADMONITION = re.compile(r"(\s*):::+\s*\{?(note|tip|warning|danger|caution|important|hint|attention|seealso)\}?\s*(.*)$", re.IGNORECASE)
_HINT = re.compile(r"\s*\{\{[<%]\s*/?(?:hint|notice|alert|callout|admonition)\b[^>%]*[>%]\}\}\s*$")
_QUOTED = re.compile(r"(\s*>\s*)\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*$", re.IGNORECASE)
_REF = re.compile(r"""\{\{[<%]\s*(?:rel)?ref\s+["']?([^"'\s>%]{1,500})["']?\s*[%>]\}\}""")
_INLINE = re.compile(r"(!?)\[([^\]\n]{0,500})\]\(\s*<?([^\s()<>]{1,1000}(?:\([^\s()]*\)[^\s()]*)?|[^<>\n]{1,1000}(?=>))>?(\s+\"[^\"\n]*\")?\s*\)")
_DEFINITION = re.compile(r"^( {0,3}\[[^\]\n]{1,200}\]:\s*)<?([^\s<>]{1,1000})>?(.*)$")
_ATTRIBUTE = re.compile(r"""(\b(?:href|src)\s*=\s*)(["'])([^"'\n]{1,1000})\2""")
_KINDS = {"caution": "warning", "important": "warning", "attention": "warning", "hint": "tip", "seealso": "note"}


def presented(source: str, targets: Mapping[str, str] | None = None) -> str:
    """The Markdown to format. targets: a link's target as written → its address here, "" for one that leads nowhere."""
    known = targets or {}
    out: list[str] = []
    in_note = False
    for piece in pieces(source):
        if isinstance(piece, Fence):
            out += _fenced(piece)
            continue
        opened = _ADMONITION.match(piece)
        if opened:
            word = opened[2].lower()
            out += ["", f"> **{word.capitalize()}** {opened[3]}".rstrip(), ">"]
            in_note = True
        elif in_note and re.match(r"\s*:::+\s*$", piece):
            in_note = False
            out.append("")
        elif _TOC.fullmatch(piece) or _HINT.match(piece):
            out.append("")
        else:
            line = _line(piece, known)
            out.append(f"> {line.strip()}" if in_note else line)
    return "\n".join(out)


def _fenced(fence: Fence) -> list[str]:
    mark = "`" * max(3, max((len(run) for run in re.findall(r"`+", fence.code)), default=0) + 1)
    indent = " " * fence.indent
    lines = fence.code[:-1].split("\n") if fence.code else []
    return [f"{indent}{mark}{fence.info}".rstrip(), *(indent + line for line in lines), indent + mark]


def _line(line: str, known: Mapping[str, str]) -> str:
    if quoted := _QUOTED.match(line):
        return f"{quoted[1]}**{quoted[2].capitalize()}**  "
    if line.startswith("    "):
        return line  # indented code
    definition = _DEFINITION.match(line)
    if definition:
        target = _target(definition[2], known)
        return f"{definition[1]}{target}{definition[3]}" if target else f"{definition[1]}#dead-link{definition[3]}"
    return _outside_code(line, lambda text: _angles(_linked(text, known)))


def _outside_code(line: str, change: Callable[[str], str]) -> str:
    """`change` of what stands outside inline code."""
    if "`" not in line:
        return change(line)
    out, at = [], 0
    for code in _CODE.finditer(line):
        out += [change(line[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*out, change(line[at:])])


def _linked(text: str, known: Mapping[str, str]) -> str:
    if "ref" in text:
        text = _REF.sub(lambda m: known.get(m[1]) or m[0], text)
    if "](" in text:
        text = _INLINE.sub(lambda m: _inline(m, known), text)
    if "=" in text:
        text = _ATTRIBUTE.sub(lambda m: f"{m[1]}{m[2]}{_target(m[3], known) or '#dead-link'}{m[2]}", text)
    return text


def _inline(match: re.Match[str], known: Mapping[str, str]) -> str:
    image, text, target, title = match[1], match[2], match[3].strip(), match[4] or ""
    address = _target(target, known)
    if address:
        return f"{image}[{text}]({address}{title})"
    said = text or target
    return f"{said} (missing image: {_quoted(target)})" if image else f"{said} (dead link: {_quoted(target)})"


def _quoted(target: str) -> str:
    return f"`{target.replace('`', '')}`"


def _target(target: str, known: Mapping[str, str]) -> str:
    """The address to write; "" where the link leads nowhere."""
    if target in known:
        return known[target].replace(" ", "%20")
    return target


def _angles(text: str) -> str:
    """`<pod>` is a blank to fill, not HTML: it is shown as written."""
    if "<" not in text:
        return text
    return _ANGLE.sub(
        lambda m: m[0] if m[2].lower() in _ALLOWED or "://" in m[0] or "@" in m[0] else m[0].replace("<", "&lt;").replace(">", "&gt;"), text
    )


def dead(source: str, targets: Mapping[str, str]) -> list[str]:
    """Targets of the text that lead nowhere."""
    return [link.target for link in links.in_text(source) if targets.get(link.target, link.target) == ""]
