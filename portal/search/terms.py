"""From text to words: what is indexed of a text, and what is asked of a query. Pure; the same for both databases."""

from __future__ import annotations

import re
import unicodedata

AT_MOST = 12  # terms of one query: a pasted alert is asked by its most telling words
LONGEST = 64  # characters of one word

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_COMPOUND = re.compile(r"[^\W_]+(?:[-_.:/][^\W_]+)+", re.UNICODE)
# Words that say nothing about what is meant.
_STOP = (
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of on or our "
    "should so than that the their them then there they this to too up was we were what when where which who why will with would you your"
)
STOP = frozenset(re.split(" ", _STOP))


def plain(text: str) -> str:
    """Lower case, without accents."""
    folded = unicodedata.normalize("NFKD", text)
    return "".join(c for c in folded if not unicodedata.combining(c)).lower()


def parts(word: str) -> list[str]:
    """`KubePodCrashLooping` → kube, pod, crash, looping; a word of one part has none."""
    found = _CAMEL.findall(word)
    return [part.lower() for part in found] if len(found) > 1 else []


def expanded(text: str) -> str:
    """What is indexed of a text: its words, and the parts of those that are put together (CamelCase, snake_case, a-b)."""
    more: list[str] = []
    for word in _WORD.findall(text):
        more += parts(word)
    for compound in _COMPOUND.findall(text):
        more.append(re.sub(r"[-_.:/]", "", compound))
    return plain(f"{text} {' '.join(more)}") if more else plain(text)


def words(text: str) -> list[str]:
    """Every word of a text, plain, in order."""
    return [plain(word)[:LONGEST] for word in _WORD.findall(text)]


def asked(query: str) -> list[str]:
    """The terms of a query, plain, each once, at most 12: rarer-looking (longer) words stay when there are more.

    Words put together are asked as they stand, and by their parts.
    """
    found: dict[str, None] = {}
    for word in _WORD.findall(query[:10_000]):
        for term in (plain(word)[:LONGEST], *parts(word)):
            if term and term not in STOP:
                found.setdefault(term)
    if not found:
        found = dict.fromkeys(words(query[:200]))
    terms = list(found)
    if len(terms) > AT_MOST:
        keep = set(sorted(terms, key=lambda term: (-len(term), terms.index(term)))[:AT_MOST])
        terms = [term for term in terms if term in keep]
    return terms
