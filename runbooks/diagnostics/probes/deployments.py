"""What changed lately: told to the portal, committed to a repository, rolled out in Kubernetes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import Any

from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.probes import kubernetes
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Result, Rows

HOURS = Whole("hours", "Over the last", default=2, minimum=1, maximum=720, unit="hours")
WAIT = 8.0  # seconds
COMMITS = 200


def look(place: Place, parameters: dict[str, Any]) -> Result:
    """Changes told to the portal, and those of the named target; newest first."""
    now = datetime.fromisoformat(place.facts["now"])
    rows: Rows = [[_stamp(c["at"]), c["kind"], c["service"], f"{c['title']} {c['version']}".strip(), c["author"]] for c in place.facts["changes"]]
    if place.kind == "git":
        rows += [
            [_stamp(at), "Commit", place.name, f"{title} ({commit[:10]})", author]
            for commit, at, author, title in commits(place, parameters["hours"])
        ]
    if place.kind == "kubernetes":
        rows += kubernetes.rollouts_since(place, parameters["hours"], now)
    rows.sort(key=lambda row: row[0], reverse=True)
    finding = f"{len(rows)} changes in {parameters['hours']} h" + (f", the last: {rows[0][3]} at {rows[0][0][11:16]} UTC" if rows else "")
    return Result(
        finding=finding if rows else f"No change is known of the last {parameters['hours']} h",
        severity="ok",
        text="\n".join([finding, *(f"  - {row[0]} {row[1]} {row[2]}: {row[3]} {row[4]}".rstrip() for row in rows)]),
        columns=["UTC", "kind", "where", "what", "who"],
        rows=rows[:ROWS],
        numbers={"changes": len(rows)},
        figure="changes",
        next_step="If it began right after one of these, follow the runbook “Deployment rollback”." if rows else "",
    )


def commits(place: Place, hours: int) -> list[tuple[str, str, str, str]]:
    """Hash, moment, author and subject of each commit on the branch, newest first: `git log --since`. Raises: Trouble."""
    branch = place.option("branch", "HEAD")
    shape = "--format=%H%x1f%cI%x1f%an%x1f%s"
    command = ["git", "-c", "safe.directory=*", "-C", place.path, "log", f"--since={hours} hours ago", f"--max-count={COMMITS}", shape]
    command += [branch if not branch.startswith("-") else "HEAD", "--"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "HOME": "/nonexistent"}
    name = troubles.name_of(place)
    try:
        done = subprocess.run(command, capture_output=True, timeout=WAIT, check=False, env=environment)  # noqa: S603  (an argument list, no shell)
    except FileNotFoundError:
        raise Trouble("git is not installed where the workers run", "Install git there.") from None
    except subprocess.TimeoutExpired:
        raise troubles.unreachable(place, "timed_out", seconds=WAIT) from None
    if done.returncode:
        raise Trouble(
            f"{name} cannot be read as a git repository", "An administrator corrects its path or branch; the workers must be able to read it."
        )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return [(c, at, author, title) for c, at, author, title in (line.split("\x1f", 3) for line in lines if line.count("\x1f") >= 3)]


def _stamp(moment: str) -> str:
    """2026-03-03 12:00, in UTC."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M}"


RECENT_DEPLOYS = Diagnostic(
    slug="recent-deploys",
    title="Recent changes",
    about="Deployments and other changes told to the portal, commits of a repository, rollouts of a cluster.",
    icon="rocket",
    kind="reads",
    needs=(),
    may_have=("git", "kubernetes"),
    timeout=20,
    parameters=(HOURS,),
    probe=look,
    on_incident=True,
)
