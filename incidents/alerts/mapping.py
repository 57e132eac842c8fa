"""Any JSON as alerts: a source says what stands where, and its bodies are read as if Alertmanager had sent them.

    {"alerts": "events",                                  path to the list; without it the body is one alert
     "labels": {"alertname": "check.name", "service": "host", "severity": "level"},
     "annotations": {"summary": "message"},
     "status": "state", "resolved": ["ok", "recovered"],  what in `status` means that it ended
     "starts_at": "opened", "ends_at": "closed", "url": "link"}

A path is names with dots between them; a number picks from a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incidents.alerts.alertmanager import clean_line

ENDED = ("resolved", "ok", "recovered", "closed", "up")
FIXED = "="  # `"=agent-api"` is the text itself, no path


def reshape(value: Any, mapping: Mapping[str, Any]) -> Any:
    """A decoded body in Alertmanager's shape; a ValueError as a value when the mapping finds no list."""
    if isinstance(value, ValueError):
        return value
    path = mapping.get("alerts", "")
    found = at(value, path) if path else value
    alerts = found if isinstance(found, list) else [found]
    if found is None or (path and not isinstance(found, list)):
        return ValueError(f"The mapping looks for a list of alerts under “{clean_line(str(path))}”, and there is none.")
    return {"version": "json", "alerts": [_alert(each, mapping) for each in alerts]}


def at(value: Any, path: Any) -> Any:
    """What stands there, or None. Names with dots between them; a number picks from a list."""
    if not isinstance(path, str) or path.startswith(FIXED):
        return path[1:] if isinstance(path, str) else None
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def problems(mapping: Any) -> list[str]:
    """What is wrong with a mapping, as sentences; nothing for a good one."""
    if not isinstance(mapping, dict):
        return ["The mapping is a JSON object."]
    wrong = []
    if not isinstance(mapping.get("labels"), dict) or "alertname" not in mapping["labels"]:
        wrong.append("“labels” says at least where the alertname stands.")
    for name in ("labels", "annotations"):
        found = mapping.get(name, {})
        if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
            wrong.append(f"“{name}” is an object of names and paths.")
    for name in ("alerts", "status", "starts_at", "ends_at", "url"):
        if not isinstance(mapping.get(name, ""), str):
            wrong.append(f"“{name}” is a path, names with dots between them.")
    return wrong


def _alert(each: Any, mapping: Mapping[str, Any]) -> dict[str, Any]:
    status = at(each, mapping["status"]) if "status" in mapping else None
    ended = [str(word).lower() for word in mapping.get("resolved", ENDED)] if isinstance(mapping.get("resolved", ENDED), list | tuple) else []
    is_over = status is not None and str(status).strip().lower() in ended
    return {
        "status": "resolved" if is_over else "firing",
        "labels": _named(each, mapping.get("labels")),
        "annotations": _named(each, mapping.get("annotations")),
        "startsAt": at(each, mapping.get("starts_at")),
        "endsAt": at(each, mapping.get("ends_at")) if is_over else None,
        "generatorURL": at(each, mapping.get("url")),
    }


def _named(each: Any, paths: Any) -> dict[str, Any]:
    if not isinstance(paths, dict):
        return {}
    found = {str(name): at(each, path) for name, path in paths.items()}
    return {name: value for name, value in found.items() if value is not None}
