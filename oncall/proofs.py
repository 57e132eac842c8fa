"""Checks that tick an item of a checklist instead of a click. Kinds of check stand on a shelf that packages to the right fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.errors import Invalid
from portal.shelves import Shelf

TEST_PAGE, DIAGNOSTIC = "test-page", "diagnostic"


@dataclass(frozen=True, slots=True)
class Proof:
    """says: what ticks the item. names: what may stand after the colon, as in `diagnostic:redis-health`; None, nothing does.

    url: where somebody does it, from the name; empty for the test page, which is sent from the checklist itself.
    """

    says: str
    names: Callable[[], list[str]] | None = None
    url: Callable[[str], str] = lambda name: ""


kinds: Shelf[Proof] = Shelf("kinds of proof")
kinds.put(TEST_PAGE, Proof("a test page that you tap"))


def read(text: str) -> tuple[Proof, str]:
    """The kind and the name that a proof names. Raises: Invalid, it names none that there is."""
    kind, colon, name = text.partition(":")
    proof = kinds.get(kind)
    if proof is None or bool(colon) != bool(proof.names):
        known = ", ".join(f"{name}:…" if proof.names else name for name, proof in kinds)
        raise Invalid(f"There is no check “{text}”. Write one of: {known}.")
    if proof.names and name not in (names := proof.names()):
        raise Invalid(f"There is no {kind} “{name}”. Write one of: {', '.join(sorted(names))}.")
    return proof, name


def found(text: str) -> tuple[str, str]:
    """What ticks it, and where somebody does that. Both empty where a click does: no check is named, or one that is gone."""
    try:
        proof, name = read(text)
    except Invalid:
        return "", ""
    return proof.says, proof.url(name)
