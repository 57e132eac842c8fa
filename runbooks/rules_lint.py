"""Which alerts nobody has written a runbook for: rule files, PrometheusRule manifests and a running Prometheus, against the library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import yaml

from portal import outbound
from portal.errors import Invalid
from runbooks import matching, rules_drift

LONGEST = 8 * 1024 * 1024  # bytes of one file
LABELS = ("severity", "service", "team")
# code: (what it means, whether it fails a build)
CODES = {
    "unparsable": ("the file cannot be read", True),
    "no-runbook": ("the alert names no runbook, and none is known for it", True),
    "relative-link": ("the link leads nowhere from a mail or a phone", True),
    "unknown-page": ("the link names a page that the library lacks", True),
    "missing-label": ("the link is built from a label that the rule does not set", False),
    "uncertain": ("a runbook may fit, nobody said that it does", False),
    "gone": ("a shipped rule that the Prometheus has not loaded", False),
    "changed": ("a shipped rule that the Prometheus has loaded otherwise", False),
    "new": ("rules of the Prometheus that are not among the shipped ones", False),
}
_TEMPLATE = re.compile(r"\{\{")


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule as written. line: where its name stands; 0 where that is not known. lasts: its `for`."""

    alert: str
    labels: dict[str, str]
    annotations: dict[str, str]
    file: str
    line: int
    expr: str = ""
    lasts: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    file: str
    line: int
    alert: str
    text: str

    @property
    def fails(self) -> bool:
        return CODES[self.code][1]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.alert + ': ' if self.alert else ''}{self.text} [{self.code}]"


@dataclass(slots=True)
class Result:
    """answered: (rule, address of its runbook) of those that have one. files: how many were read."""

    findings: list[Finding] = field(default_factory=list)
    answered: list[tuple[Rule, str]] = field(default_factory=list)
    rules: int = 0
    files: int = 0

    @property
    def failed(self) -> bool:
        return any(finding.fails for finding in self.findings)


def lint(places: Iterable[str], *, against: Path = rules_drift.SHIPPED) -> Result:
    """Files, folders and addresses of Prometheus; what such a server has loaded is also compared with the rules in `against`.

    A file that cannot be read is a finding; the rest goes on. Raises: Invalid, a place or `against` that does not exist.
    """
    result = Result()
    for rules, findings in _contents(places, against):
        result.files += 1
        result.findings += findings
        for rule in rules:
            result.rules += 1
            _judge(rule, result)
    return result


def lint_text(text: str, name: str = "pasted") -> Result:
    """Of a text that somebody pasted."""
    result = Result(files=1)
    rules, findings = read_rules(name, text)
    result.findings = list(findings)
    for rule in rules:
        result.rules += 1
        _judge(rule, result)
    return result


def _contents(places: Iterable[str], against: Path) -> Iterator[tuple[list[Rule], list[Finding]]]:
    for place in places:
        if place.startswith(("http://", "https://")):
            rules, findings = from_prometheus(place)
            yield rules, findings or _drift(place, rules, against)
            continue
        path = Path(place)
        if not path.exists():
            raise Invalid(f"{place} does not exist. Give files, folders or the address of a Prometheus.")
        files = sorted(one for one in path.rglob("*") if one.suffix in (".yml", ".yaml", ".json") and one.is_file()) if path.is_dir() else [path]
        for file in files:
            yield _from_file(file)


def _drift(url: str, loaded: list[Rule], against: Path) -> list[Finding]:
    if not against.is_file():
        raise Invalid(f"{against} does not exist. Name the rule file that ships, with --against.")
    shipped, findings = _from_file(against)
    return findings + [Finding(code, url, 0, rule.alert, text) for code, rule, text in rules_drift.differences(shipped, loaded)]


def _from_file(file: Path) -> tuple[list[Rule], list[Finding]]:
    try:
        if file.stat().st_size > LONGEST:
            return [], [Finding("unparsable", str(file), 1, "", f"larger than {LONGEST // 1024 // 1024} MB")]
        return read_rules(str(file), file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as trouble:
        return [], [Finding("unparsable", str(file), 1, "", str(trouble)[:200])]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Texts only: a label of 01 is "01"."""


_Loader.yaml_implicit_resolvers = {}


def read_rules(name: str, text: str) -> tuple[list[Rule], list[Finding]]:
    """Every alerting rule of a text, whatever it is wrapped in; documents behind one that cannot be read are lost with it."""
    rules: list[Rule] = []
    try:
        if (aliases := len(re.findall(r"(?m)(?:^|[\s\[{,])\*\w", text))) > 1000:
            return [], [Finding("unparsable", name, 1, "", f"{aliases} YAML aliases")]
        for document in yaml.load_all(text.replace("\x00", " "), Loader=_Loader):  # noqa: S506  (a safe loader)
            rules += _rules_in(document, name, text)
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark or trouble.context_mark
        why = "a template, not YAML" if "{{" in text else str(trouble.problem)
        return rules, [Finding("unparsable", name, mark.line + 1 if mark else 1, "", why)]
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as trouble:
        return rules, [Finding("unparsable", name, 1, "", (str(trouble).splitlines() or ["not YAML"])[0][:200])]
    return rules, []


def _rules_in(node: Any, name: str, text: str, depth: int = 0) -> Iterator[Rule]:
    """Maps with `alert` in them, at any depth: groups, manifests, values of charts, lists."""
    if depth > 20:
        return
    if isinstance(node, list):
        for inner in node:
            yield from _rules_in(inner, name, text, depth + 1)
    elif isinstance(node, dict):
        if isinstance(node.get("alert"), str) and ("expr" in node or "annotations" in node or "labels" in node):
            told = str(node.get("expr") or ""), str(node.get("for") or "")
            yield Rule(node["alert"], _texts(node.get("labels")), _texts(node.get("annotations")), name, _line(text, node["alert"]), *told)
            return
        for inner in node.values():
            yield from _rules_in(inner, name, text, depth + 1)


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(inner) for key, inner in value.items() if inner is not None} if isinstance(value, dict) else {}


def _line(text: str, alert: str) -> int:
    found = re.search(rf"""(?m)^.*\balert["']?\s*:\s*["']?{re.escape(alert)}["']?\s*,?\s*$""", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def from_prometheus(url: str) -> tuple[list[Rule], list[Finding]]:
    """`/api/v1/rules` of a running server; `url` is its root, or that very address."""
    where = url if "/api/v1/rules" in url else f"{url.rstrip('/')}/api/v1/rules?type=alert"
    try:
        data = outbound.fetch("GET", where, kind="named", max_bytes=32 * 1024 * 1024).json()
        groups = data["data"]["groups"]
    except outbound.Unreachable as trouble:
        return [], [Finding("unparsable", url, 0, "", f"Prometheus cannot be asked: {trouble}")]
    except (ValueError, KeyError, TypeError):
        return [], [Finding("unparsable", url, 0, "", "the answer holds no rules")]
    found = []
    for group in groups:
        for rule in group.get("rules", []):
            if rule.get("type") == "alerting" and isinstance(rule.get("name"), str):
                told = str(rule.get("query") or ""), str(rule.get("duration") or "")
                file = str(group.get("file") or url)
                found.append(Rule(rule["name"], _texts(rule.get("labels")), _texts(rule.get("annotations")), file, 0, *told))
    return found, []


def _judge(rule: Rule, result: Result) -> None:
    link = next((rule.annotations[name] for name in matching.LINKS if rule.annotations.get(name)), "")
    matches = matching.for_alert({**rule.labels, "alertname": rule.alert}, rule.annotations)
    certain = [match for match in matches if match.certain]
    if certain:
        result.answered.append((rule, certain[0].url))
        if link and not urlsplit(_quiet(link)).netloc:
            _say(
                result, "relative-link", rule, f"“{link[:120]}” works only here; write {certain[0].url} with the portal's address, or /r/{rule.alert}"
            )
        return
    unknown = [name for name in re.findall(r"\$labels\.(\w+)|\.Labels\.(\w+)", link)]
    if link and unknown and _TEMPLATE.search(link):
        _say(result, "missing-label", rule, f"“{link[:120]}” depends on the alert's labels; none of them is set by the rule")
    elif link:
        _say(result, "unknown-page", rule, f"“{link[:120]}” names a page that the library lacks")
    elif matches:
        _say(result, "uncertain", rule, f"“{matches[0].runbook.title}” may fit; name the alert there, or link to it")
    else:
        _say(result, "no-runbook", rule, "has no runbook")


def _quiet(link: str) -> str:
    return re.sub(r"[\[\]]", "", link)


def _say(result: Result, code: str, rule: Rule, text: str) -> None:
    result.findings.append(Finding(code, rule.file, rule.line, rule.alert, text))


def as_json(result: Result) -> dict[str, Any]:
    return {
        "files": result.files,
        "rules": result.rules,
        "answered": [{"alert": rule.alert, "file": rule.file, "line": rule.line, "runbook": url} for rule, url in result.answered],
        "findings": [{"code": f.code, "fails": f.fails, "file": f.file, "line": f.line, "alert": f.alert, "text": f.text} for f in result.findings],
    }


def as_junit(result: Result) -> str:
    """One case for each rule and each unreadable file, as build servers read it."""
    failures = [finding for finding in result.findings if finding.fails]
    suite = ElementTree.Element(
        "testsuite", name="lint_rules", tests=str(result.rules + sum(not f.alert for f in result.findings)), failures=str(len(failures))
    )
    for rule, url in result.answered:
        case = ElementTree.SubElement(suite, "testcase", classname=_printable(rule.file), name=_printable(rule.alert))
        ElementTree.SubElement(case, "system-out").text = _printable(url)
    for finding in result.findings:
        case = ElementTree.SubElement(suite, "testcase", classname=_printable(finding.file), name=_printable(finding.alert or finding.code))
        said = {"type": finding.code, "message": _printable(finding.text)} if finding.fails else dict[str, str]()
        node = ElementTree.SubElement(case, "failure" if finding.fails else "system-out", said)
        node.text = _printable(str(finding))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _printable(text: str) -> str:
    """XML has no control characters."""
    return "".join(c if c >= " " or c in "\t\n" else " " for c in text)
