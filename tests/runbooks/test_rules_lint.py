"""Alert rules against the library."""

from __future__ import annotations

import json
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.urls import reverse

from runbooks import rules_lint
from runbooks.importing import files, importer, sources

RULES = """
groups:
  - name: a
    rules:
      - alert: Answered
        expr: up == 0
        annotations: {runbook_url: "https://portal.example.org/r/Answered"}
      - alert: Lonely
        expr: up == 0
      - alert: DeadLink
        expr: up == 0
        annotations: {runbook_url: "https://wiki.example/none"}
      - record: not:an:alert
        expr: up
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups:
    - name: b
      rules:
        - alert: Relative
          expr: up
          labels: {severity: "01"}
          annotations: {runbook_url: docs/answered.md}
"""


@pytest.fixture
def library(write):
    write("Answered", slug="answered", alerts=["Answered", "Relative"])


def codes(result):
    return {finding.alert: finding.code for finding in result.findings}


def test_each_alert_is_judged_and_told_with_its_line(library):
    result = rules_lint.lint_text(RULES, "rules.yml")

    assert codes(result) == {"Lonely": "no-runbook", "DeadLink": "unknown-page", "Relative": "relative-link"}
    assert [rule.alert for rule, _ in result.answered] == ["Answered", "Relative"]
    assert str(result.findings[0]) == "rules.yml:8: Lonely: has no runbook [no-runbook]"
    assert result.rules == 4


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(library, tmp_path):
    (tmp_path / "a.yaml").write_text("{{- if .Values.x }}\ngroups: []\n{{- end }}")
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.yml").write_text(RULES)
    (tmp_path / "d.yml").write_text("a: &a [*a, *a]")

    result = rules_lint.lint([str(tmp_path)])

    assert [finding.code for finding in result.findings].count("unparsable") >= 2
    assert result.rules == 4 and result.files == 4


def test_the_command_speaks_three_ways_and_fails_a_build(library, tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    told = {}
    for form in ("text", "json", "junit"):
        out = StringIO()
        with pytest.raises(SystemExit) as stopped:
            call_command("lint_rules", str(tmp_path), format=form, stdout=out)
        told[form] = out.getvalue()
        assert stopped.value.code == 1

    assert "1 files, 4 alerts: 2 with a runbook, 3 to repair" in told["text"]
    assert json.loads(told["json"])["rules"] == 4
    suite = ElementTree.fromstring(told["junit"])
    assert (suite.get("failures"), len(suite)) == ("3", 5)


def test_a_build_without_findings_passes(library, tmp_path):
    (tmp_path / "ok.yml").write_text("groups: [{name: a, rules: [{alert: Answered, expr: up}]}]")
    out = StringIO()

    call_command("lint_rules", str(tmp_path), stdout=out)

    assert "0 to repair" in out.getvalue()


def test_a_running_prometheus_is_asked(library, monkeypatch):
    from portal import outbound

    class Answer:
        def json(self):
            rules = [{"type": "alerting", "name": "Lonely", "labels": {}, "annotations": {}}, {"type": "recording", "name": "x"}]
            return {"data": {"groups": [{"file": "/etc/rules.yml", "rules": rules}]}}

    monkeypatch.setattr(
        outbound, "fetch", lambda method, url, **more: Answer() if url == "http://prom.example:9090/api/v1/rules?type=alert" else 1 / 0
    )

    assert codes(rules_lint.lint(["http://prom.example:9090"])) == {"Lonely": "no-runbook", "AgentCompleteOutage": "gone"}


def test_the_page_checks_what_is_pasted(client, ana, library):
    client.force_login(ana)

    page = client.post(reverse("runbook-rules"), {"rules": RULES}).content.decode()

    assert "4 alerts: 2 with a runbook" in page and "DeadLink" in page


@pytest.mark.shared_data
def test_every_rule_file_of_the_corpus_is_read_or_told(shared_data, team, noon):
    corpus = shared_data / "corpus"
    importer.run(sources.named("corpus", str(corpus)), files.tree_of(corpus), by=None, at=noon)

    result = rules_lint.lint([str(corpus)])

    assert result.files == len([path for path in corpus.rglob("*") if path.suffix in (".yml", ".yaml", ".json")])
    assert result.rules > 700


@pytest.mark.shared_data
def test_pairs_of_alerts_and_pages_resolve_and_missing_ones_are_not_made_up(shared_data, team, noon):
    from runbooks import matching

    corpus = shared_data / "corpus"
    importer.run(sources.named("corpus", str(corpus)), files.tree_of(corpus), by=None, at=noon)
    right = present = 0
    for line in (corpus / "alert_runbook_pairs.jsonl").read_text().splitlines():
        pair = json.loads(line)
        matches = matching.for_alert({**pair["labels"], "alertname": pair["alert"]}, pair["annotations"])
        if pair["file"] and (corpus / pair["file"]).exists():
            present += 1
            right += bool(matches) and matches[0].runbook.source_path == pair["file"]
        else:
            assert not any(match.certain for match in matches), pair["alert"]

    assert right / present >= 0.97
