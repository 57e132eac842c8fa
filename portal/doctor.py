"""Is this installation well? Each package puts its checks on a shelf; every finding that is not green names its fix."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import DatabaseError, connection

from portal.shelves import Shelf

logger = logging.getLogger(__name__)


class Level(StrEnum):
    GREEN = "green"  # well
    AMBER = "amber"  # works, but somebody should look
    RED = "red"  # something that people rely on does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, as a sentence. `fix` says what to do, as a command or a way through the pages; only a green one may lack it."""

    level: Level
    says: str
    fix: str = ""

    def __post_init__(self) -> None:
        if self.level != Level.GREEN and not self.fix:
            raise ValueError(f"A finding that is not green names its fix: {self.says}")


def green(says: str) -> Finding:
    return Finding(Level.GREEN, says)


def amber(says: str, fix: str) -> Finding:
    return Finding(Level.AMBER, says, fix)


def red(says: str, fix: str) -> Finding:
    return Finding(Level.RED, says, fix)


Ask = Callable[[datetime], "Finding | Iterable[Finding]"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `ask` is called outside any transaction and answers at once: a few indexed queries, no waiting beyond 3 s.

    about: "installation", or "paging" for what also stands on the page “Can we page?”.
    """

    ask: Ask
    about: str = "installation"


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    about: str
    level: Level
    says: str
    fix: str


# By what is asked after, in small words: "database", "schema", "rotations without a hole".
CHECKS: Shelf[Check] = Shelf("doctor checks")


def examine(now: datetime, *, about: str = "") -> list[Result]:
    """What every check (of one kind, with `about`) finds. A check that breaks is a red finding itself, and the others go on."""
    return [
        Result(name, check.about, finding.level, finding.says, finding.fix)
        for name, check in CHECKS
        if not about or check.about == about
        for finding in _found(name, check, now)
    ]


def worst(results: Iterable[Result]) -> Level:
    """The level of the whole: red before amber before green."""
    order = list(Level)
    return max((result.level for result in results), key=order.index, default=Level.GREEN)


def _found(name: str, check: Check, now: datetime) -> list[Finding]:
    try:
        answer = check.ask(now)
        return [answer] if isinstance(answer, Finding) else list(answer)
    except DatabaseError:
        connection.close()
        return [red(f"“{name}” could not be asked: the database refuses.", "Repair what “database” and “schema” name first.")]
    except Exception:
        logger.exception("doctor check broke", extra={"check": name})
        return [red(f"“{name}” broke while it was asked.", "Read the log of this command: its last lines say where.")]
