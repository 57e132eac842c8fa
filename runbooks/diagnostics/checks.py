"""What `doctor` asks of diagnostics: can every target be reached from here, is every secret there, are other people's diagnostics whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from portal import outbound
from portal.doctor import Finding, amber, green, red
from portal.secrets import NoKeyFits
from runbooks.diagnostics import registry, targets
from runbooks.models import Target

WAIT = 1.0  # seconds for each target; sixteen are asked at once
ADMIN = "Admin, Targets"


def all_targets(now: datetime) -> Iterator[Finding]:
    """One finding for each target that is not well, or one for all."""
    found = list(Target.objects.all())
    if not found:
        yield green("No target of diagnostics is set up.")
        return
    with ThreadPoolExecutor(16) as pool:
        wrong = [finding for finding in pool.map(look, found) if finding]
    yield from wrong
    if len(wrong) < len(found):
        yield green(f"{len(found) - len(wrong)} of {len(found)} targets of diagnostics can be reached.")


def look(target: Target) -> Finding | None:
    """None when all is well: its port opens, or its file can be read."""
    wrong = targets.problems(target)
    if wrong:
        return red(f"Target {target}: {' '.join(wrong.values())}", f"Correct it under {ADMIN}.")
    try:
        secret = targets.secret_of(target)
    except NoKeyFits as refusal:
        return red(f"Target {target}: its password cannot be read.", str(refusal))
    if target.password_variable and not secret:
        return amber(f"Target {target}: {target.password_variable} is not set.", "Set it in the environment of web and workers.")
    place = targets.place_of(target)
    if target.kind in targets.ON_DISK:
        if os.access(place.path, os.R_OK):
            return None
        return amber(f"Target {target}: its path cannot be read from here.", f"Make it readable on the workers' hosts, or correct it under {ADMIN}.")
    try:
        outbound.connect(place.host, place.port, kind="named", timeout=WAIT).close()
    except outbound.Unreachable as trouble:
        return amber(
            f"Target {target} cannot be reached from here: {trouble.reason.replace('_', ' ')}.",
            f"See whether it runs; its address stands under {ADMIN}.",
        )
    return None


def plugins(now: datetime) -> Iterable[Finding]:
    for name, why in registry.broken.items():
        yield amber(f"The diagnostic {name} could not be loaded: {why}", "Tell whoever wrote it; docs/diagnostics-of-your-own.md shows the form.")
    if not registry.broken:
        yield green(f"{len(registry.diagnostics)} diagnostics are registered.")
