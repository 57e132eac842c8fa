"""Kubernetes: rollouts, pods that are not ready or restart, warnings, and errors in the logs of pods.

A small typed reader of the API (apps/v1, v1), spoken to by the guarded way out with a token. It was written against recorded answers,
not against a live cluster: docs/diagnostics.md says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from portal import outbound
from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole, Words
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.probes import log_reading, log_tally, logs
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import ROWS, Result

WAIT = 8.0  # seconds
LARGEST = 16 << 20  # bytes of an answer
PAGE, PAGES = 250, 20
PODS = 20  # whose logs are read
NAME = r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?"
RESTARTS = Whole("restarts", "Look at it from", default=3, minimum=1, maximum=10_000, unit="restarts")
MINUTES = Whole("minutes", "Of the last", default=60, minimum=1, maximum=1440, unit="minutes")
DEPLOYMENT = Words("deployment", "Deployment", default="agent-api", longest=252, pattern=NAME, example="agent-api")


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    phase: str
    ready: bool
    restarts: int
    why: str  # of the container that is worst off: CrashLoopBackOff, OOMKilled, …
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    name: str
    deployment: str
    revision: int
    created_at: datetime
    images: tuple[str, ...]
    cause: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    reason: str
    about: str
    message: str
    count: int


class Cluster:
    """One namespace, read only."""

    def __init__(self, place: Place) -> None:
        self.place, self.namespace = place, quote(place.option("namespace", "default"), safe="")

    def pods(self) -> list[Pod]:
        return [_pod(item) for item in self._list(f"api/v1/namespaces/{self.namespace}/pods")]

    def replica_sets(self) -> list[ReplicaSet]:
        """Newest first."""
        found = [_replica_set(item) for item in self._list(f"apis/apps/v1/namespaces/{self.namespace}/replicasets")]
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def warnings(self) -> list[Event]:
        """Newest first."""
        found = [_event(item) for item in self._list(f"api/v1/namespaces/{self.namespace}/events", fieldSelector="type=Warning")]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def log(self, pod: str, seconds: int) -> bytes:
        path = f"api/v1/namespaces/{self.namespace}/pods/{quote(pod, safe='')}/log"
        return self._get(path, sinceSeconds=seconds, limitBytes=LARGEST - 1).body

    def _list(self, path: str, **parameters: str | int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        more = ""
        for _ in range(PAGES):
            told = self._get(path, limit=PAGE, **parameters, **({"continue": more} if more else {})).json()
            items += told.get("items", [])
            more = told.get("metadata", {}).get("continue", "")
            if not more:
                break
        return items

    def _get(self, path: str, **parameters: str | int) -> outbound.Answer:
        place, name = self.place, troubles.name_of(self.place)
        host = f"[{place.host}]" if ":" in place.host else place.host
        url = f"{'https' if place.uses_tls else 'http'}://{host}:{place.port}{place.path.rstrip('/')}/{path}?{urlencode(parameters)}"
        headers = {"Accept": "application/json, */*"} | ({"Authorization": f"Bearer {place.secret}"} if place.secret else {})
        verify = place.options.get("verify") is not False
        try:
            answer = outbound.fetch("GET", url, kind="named", headers=headers, timeout=WAIT, max_bytes=LARGEST, verify=verify)
        except outbound.Unreachable as trouble:
            raise troubles.unreachable(place, trouble.reason, seconds=WAIT) from None
        if answer.status in {401, 403}:
            raise Trouble(f"{name} refused the token", "Give its account the role `view` in the namespace, or correct the variable of the token.")
        if answer.status == 404:
            raise Trouble(f"{name} has no such namespace or pod", "An administrator corrects the namespace in the options of the target.")
        if answer.status != 200:
            raise Trouble(f"{name} answered {answer.status}", "See the control plane: it may be overloaded or starting.")
        return answer


def _pod(item: dict[str, Any]) -> Pod:
    meta, status = item["metadata"], item.get("status", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions", []))
    why = next(filter(None, (_why(container) for container in containers)), status.get("reason", ""))
    restarts = sum(int(container.get("restartCount", 0)) for container in containers)
    return Pod(meta["name"], status.get("phase", "Unknown"), ready, restarts, why, meta.get("labels", {}))


def _why(container: dict[str, Any]) -> str:
    waiting = container.get("state", {}).get("waiting", {}).get("reason", "")
    ended = container.get("lastState", {}).get("terminated", {}).get("reason", "")
    return f"{waiting}, last {ended}" if waiting and ended else str(waiting or (ended if not container.get("ready") else ""))


def _replica_set(item: dict[str, Any]) -> ReplicaSet:
    meta, spec = item["metadata"], item.get("spec", {})
    notes = meta.get("annotations", {})
    owner = next((one["name"] for one in meta.get("ownerReferences", []) if one.get("kind") == "Deployment"), "")
    images = tuple(c.get("image", "") for c in spec.get("template", {}).get("spec", {}).get("containers", []))
    revision = notes.get("deployment.kubernetes.io/revision", "0")
    cause = notes.get("kubernetes.io/change-cause", "")
    number = int(revision) if revision.isdigit() else 0
    return ReplicaSet(meta["name"], owner, number, _moment(meta["creationTimestamp"]), images, cause, spec.get("replicas", 0))


def _event(item: dict[str, Any]) -> Event:
    about = item.get("involvedObject", {})
    at = item.get("lastTimestamp") or item.get("eventTime") or item["metadata"]["creationTimestamp"]
    return Event(
        _moment(at),
        item.get("reason", ""),
        f"{about.get('kind', '')} {about.get('name', '')}".strip(),
        item.get("message", ""),
        item.get("count") or 1,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def rollouts_since(place: Place, hours: int, now: datetime) -> list[list[str]]:
    """Rows for the list of changes: one for each new revision of a deployment."""
    found = Cluster(place).replica_sets()
    return [
        [f"{one.created_at:%Y-%m-%d %H:%M}", "Rollout", one.deployment or one.name, f"revision {one.revision}: {', '.join(one.images)}", one.cause]
        for one in found
        if one.created_at >= now - timedelta(hours=hours)
    ]


def rollouts(place: Place, parameters: dict[str, Any]) -> Result:
    """The revisions of a deployment, as `kubectl rollout history` has them, newest first."""
    found = [one for one in Cluster(place).replica_sets() if one.deployment == parameters["deployment"]]
    rows = [[one.revision, f"{one.created_at:%Y-%m-%d %H:%M}", ", ".join(one.images), one.cause, one.replicas] for one in found]
    finding = (
        f"{len(rows)} revisions; {rows[0][0]} since {rows[0][1]} UTC: {rows[0][2]}" if rows else f"There is no deployment {parameters['deployment']}"
    )
    return Result(
        finding=finding,
        severity="ok" if rows else "warn",
        text="\n".join([finding, *(f"  {row[0]}  {row[1]}  {row[2]}  {row[3]}".rstrip() for row in rows)]),
        columns=["revision", "UTC", "images", "cause", "pods wanted"],
        rows=rows[:ROWS],
        numbers={"revisions": len(rows)},
        next_step="" if rows else "See how it is called: pods names the pods of the namespace.",
    )


def pods(place: Place, parameters: dict[str, Any]) -> Result:
    """Pods that are not ready, and those that restarted."""
    found = Cluster(place).pods()
    unready = [pod for pod in found if not pod.ready and pod.phase != "Succeeded"]
    sick = sorted((pod for pod in found if pod in unready or pod.restarts >= parameters["restarts"]), key=lambda pod: (pod.ready, -pod.restarts))
    finding = f"{len(unready)} of {len(found)} pods are not ready" + (f", {sick[0].name}: {sick[0].why or sick[0].phase}" if unready else "")
    rows = [[pod.name, pod.phase, "yes" if pod.ready else "no", pod.restarts, pod.why] for pod in sick]
    return Result(
        finding=finding,
        severity="bad" if unready else "warn" if sick else "ok",
        text="\n".join([finding, *(f"  - {r[0]}: {r[1]}, ready {r[2]}, {r[3]} restarts {r[4]}".rstrip() for r in rows)]),
        columns=["pod", "phase", "ready", "restarts", "why"],
        rows=rows[:ROWS],
        numbers={"pods": len(found), "not_ready": len(unready), "restarts": sum(pod.restarts for pod in found)},
        figure="not_ready",
        next_step="Read its events (events) and its last log; if it began with a rollout, follow “Deployment rollback”." if sick else "",
    )


def events(place: Place, parameters: dict[str, Any]) -> Result:
    since = datetime.now(UTC) - timedelta(minutes=parameters["minutes"])
    found = [event for event in Cluster(place).warnings() if event.at >= since]
    rows = [[f"{event.at:%H:%M}", event.reason, event.about, event.count, " ".join(event.message.split())[:200]] for event in found]
    finding = f"{len(rows)} warnings in {parameters['minutes']} min" + (f", the last: {rows[0][1]} of {rows[0][2]}" if rows else "")
    return Result(
        finding=finding,
        severity="warn" if rows else "ok",
        text="\n".join([finding, *(f"  - {r[0]} {r[1]} {r[2]} ({r[3]}): {r[4]}" for r in rows)]),
        columns=["UTC", "reason", "about", "times", "message"],
        rows=rows[:ROWS],
        numbers={"warnings": len(rows)},
        figure="warnings",
        next_step="See the pods that they are about (pods)." if rows else "",
    )


def errors(place: Place, parameters: dict[str, Any]) -> Result:
    """Errors in the logs of a deployment's pods, by type."""
    cluster, tally = Cluster(place), log_tally.Tally(templates=False)
    owned = [one.name for one in cluster.replica_sets() if one.deployment == parameters["deployment"]]
    mine = [pod for pod in cluster.pods() if any(pod.name.startswith(f"{name}-") for name in owned)]
    if not mine:
        raise Trouble(
            f"{troubles.name_of(place)} has no pod of {parameters['deployment']}", "See how it is called, and whether it is scaled to nothing."
        )
    for pod in mine[:PODS]:
        for at, line in log_reading.found_in(cluster.log(pod.name, parameters["window"]), log_tally.WORDS):
            tally.add(at, line)
    notes = [f"of {PODS} of its {len(mine)} pods"] if len(mine) > PODS else []
    return logs.by_type(tally, parameters, notes)


def _diagnostic(slug: str, title: str, about: str, icon: str, probe: Any, *parameters: Any, document: Any = None) -> Diagnostic:
    return Diagnostic(slug, title, about, icon, "reads", ("kubernetes",), 30, probe, parameters, document=document)


ROLLOUTS = _diagnostic("rollouts", "Rollout history", "The revisions of a deployment, newest first.", "git-branch", rollouts, DEPLOYMENT)
PODS_SICK = _diagnostic("pods", "Pods", "Pods that are not ready or restart.", "package", pods, RESTARTS)
EVENTS = _diagnostic("events", "Cluster warnings", "Warnings of the namespace.", "bell", events, MINUTES)
POD_ERRORS = _diagnostic(
    "pod-errors",
    "Errors in pods",
    "Errors in the logs of a deployment's pods, by type.",
    "bug",
    errors,
    *(DEPLOYMENT, logs.WINDOW, logs.TOP),
    document=logs.DOCUMENT,
)
