"""From text to stems: what is indexed of a text, and how words are taken apart. Pure; the same for both databases."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

LONGEST = 64  # characters of one word

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_COMPOUND = re.compile(r"(?<![-_./:])\b[^\W_]+(?:[-_.][^\W_]+){1,3}\b(?![-_./:]\w)", re.UNICODE)  # not paths and addresses
# Words that say nothing about what is meant: neither indexed in a body nor asked.
STOP = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of on or our
    should so than that the their them then there they this to too up was we were what when where which who why will with would you
    your
    """.split()  # noqa: SIM905  (words read better than quotes)
)
# Words that say little: asked, but hardly weighed. Function words and plain verbs of English, not words of any library.
WEAK = frozenset(
    """
    able about after again against all always another any anything around back bad because before began begin begins between both came
    cant come comes day different doesnt dont during each ever every everything few find first found get gets go goes going gone good
    got happen happened happening happens help here hit hits isnt just keep keeps kept know known last let lets like long look looking
    looks made make makes many may more most much must need needs never new next nothing now off old one only other out over please
    put really right said same saw say says see seen set short since some something start started starts still take taken takes thing
    things through today took tried try two under until us use used using very want wants wasnt way well went while within without
    wont work working works yet
    """.split()  # noqa: SIM905  (words read better than quotes)
)


def plain(text: str) -> str:
    """Lower case, without accents."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text)
    return "".join(c for c in folded if not unicodedata.combining(c)).lower()


_stemmers = threading.local()  # one holds its word while it works, so each thread has its own


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A plain word without its ending: restarting, restarts → restart."""
    if not hasattr(_stemmers, "english"):
        _stemmers.english = Stemmer.Stemmer("english")
    return str(_stemmers.english.stemWord(word))[:LONGEST] or word


def parts(word: str) -> list[str]:
    """`KubePodCrashLooping` → kube, pod, crash, looping; a word of one part has none."""
    found = _CAMEL.findall(word)
    return [part.lower() for part in found] if len(found) > 1 else []


@lru_cache(maxsize=100_000)
def _taken(word: str) -> tuple[str, list[str]]:
    return _letters(plain(word)), parts(word[:LONGEST])


def split(text: str) -> list[tuple[str, list[str]]]:
    """Every word of a text, plain, in order, with its parts."""
    return [taken for word in _WORD.findall(text) if (taken := _taken(word))[0]]


def _letters(word: str) -> str:
    """Taking accents off can leave marks and spaces behind (½, ligatures)."""
    return word[:LONGEST] if word.isalnum() else "".join(c for c in word if c.isalnum())[:LONGEST]


def words(text: str) -> list[str]:
    """Every word of a text, plain, in order."""
    return [word for word, _ in split(text)]


def of_body(text: str) -> list[str]:
    """Words to index of running text: each, the parts of those put together, and compounds (a-b, a_b, a.b) joined."""
    found: list[str] = []
    for word, pieces in split(text):
        if word not in STOP:
            found.append(word)
        if pieces:
            found += pieces
    return found + [joined for compound in _COMPOUND.findall(text) if len(joined := _joined(compound)) < LONGEST]


@lru_cache(maxsize=20_000)
def _joined(compound: str) -> str:
    return _letters(plain(re.sub(r"[-_.]", "", compound)))


def of_head(text: str) -> list[str]:
    """Words to index of what a thing is called: all of them, their parts, and neighbours joined (crash looping → crashlooping)."""
    found, flat = list[str](), list[str]()
    for word, pieces in split(text):
        found.append(word)
        found += pieces
        flat += pieces or [word]
    for length in (2, 3):
        for at in range(len(flat) - length + 1):
            joined = "".join(flat[at : at + length])
            if len(joined) <= LONGEST:
                found.append(joined)
    return found


def stems(found: Iterable[str]) -> str:
    """Words as they are stored: stemmed, single spaces between them."""
    return " ".join(map(stem, found))
