"""Code blocks: coloured if the language is one of ours and the block is small, plain otherwise. Never guessed."""

from __future__ import annotations

import re
from functools import cache
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from portal.markdown import limits

_NAMES = (  # noqa: SIM905  (words read better than quotes)
    "bash python yaml json sql promql ini toml diff http nginx docker go javascript typescript "
    "html css xml java ruby php rust c cpp make hcl terraform powershell lua groovy properties"
).split()
_LEXERS = {
    **{name: name for name in _NAMES},
    **{"sh": "bash", "shell": "bash", "zsh": "bash", "console": "console", "shell-session": "console", "terminal": "console"},
    **{"py": "python", "yml": "yaml", "postgresql": "postgresql", "psql": "postgresql", "dockerfile": "docker", "golang": "go"},
    **{"js": "javascript", "ts": "typescript", "rb": "ruby", "makefile": "make", "tf": "terraform", "patch": "diff"},
}
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="hl-")  # its own names (c1, err, s) are taken by the page


def block(code: str, info: str) -> str:
    """HTML of one fenced block; `info` is what stands behind the opening fence, its first word is the language."""
    language = _language(info)
    css = f' class="language-{language}"' if language else ""
    if language in _LEXERS and len(code) <= limits.CODE and all(len(line) <= limits.CODE_LINE for line in code.split("\n")):
        coloured = highlight(code, _lexer(_LEXERS[language]), _FORMATTER)
        return f'<div class="highlight"><pre><code{css}>{coloured}</code></pre></div>'
    return f"<pre><code{css}>{escape(code, quote=False)}</code></pre>"


def _language(info: str) -> str:
    word = info.strip().strip("{}").strip().lstrip(".").split(" ")[0].lower()
    return word if _LANGUAGE.fullmatch(word) else ""


@cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name, stripnl=False)
