"""What ships in deploy/: the rules, their routing, and the programs that prove them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.conftest import REPOSITORY_ROOT

DEPLOY = REPOSITORY_ROOT / "deploy"
GIVEN = {
    "AgentCompleteOutage": ('up{job="agent-api"} == 0', "2m", "critical"),
    "AgentHighErrorRate": ("(sum(rate(agent_errors_total[5m])) / sum(rate(agent_requests_total[5m]))) > 0.10", "5m", "critical"),
    "AgentHighLatency": ("histogram_quantile(0.95, rate(agent_response_seconds_bucket[5m])) > 5.0", "10m", "warning"),
}


def load(path: str):
    return yaml.safe_load((DEPLOY / path).read_text())


def rules() -> list[dict]:
    return [rule for group in load("prometheus/agent.rules.yml")["groups"] for rule in group["rules"]]


def checked(folder) -> subprocess.CompletedProcess:
    if not (shutil.which("promtool") and shutil.which("amtool")):
        pytest.skip("promtool and amtool are not installed: apt install prometheus prometheus-alertmanager")
    return subprocess.run([sys.executable, DEPLOY / "check.py", folder], capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(DEPLOY, tmp_path / "deploy")


def test_there_are_nine_rules_and_three_are_word_for_word_as_given():
    found = {rule["alert"]: (rule["expr"], rule.get("for"), rule["labels"]["severity"]) for rule in rules()}

    assert len(found) == len(rules()) == 9
    assert {name: found[name] for name in GIVEN} == GIVEN


def test_each_rule_says_who_what_and_where_to_read_on():
    for rule in rules():
        assert {"severity", "team", "service"} <= set(rule["labels"]), rule["alert"]
        assert {"summary", "description", "runbook_url"} <= set(rule["annotations"]), rule["alert"]
        assert "dashboard" in rule["annotations"] or rule["alert"] == "Watchdog"
        assert rule["annotations"]["runbook_url"].endswith(f"/r/{rule['alert']}")


def test_the_manifest_for_kubernetes_holds_the_same_rules():
    manifest = load("kubernetes/prometheus-rules.yaml")

    assert (manifest["kind"], manifest["spec"]) == ("PrometheusRule", load("prometheus/agent.rules.yml"))


def test_every_receiver_sends_resolved_to_the_portal_and_follows_no_redirect():
    config = load("alertmanager/alertmanager.yml")
    hooks = [hook for receiver in config["receivers"] for hook in receiver["webhook_configs"]]

    assert {hook["url"] for hook in hooks} == {"https://standby.example.org/hooks/alertmanager/main/"}
    assert {(hook["send_resolved"], hook["max_alerts"], hook["http_config"]["follow_redirects"]) for hook in hooks} == {(True, 0, False)}
    assert config["global"]["http_config"] == {"follow_redirects": False}


def test_no_hour_is_muted_and_no_alert_goes_two_ways():
    text = re.sub(r"#.*", "", (DEPLOY / "alertmanager/alertmanager.yml").read_text())

    assert not re.search("interval[s]?:.*\\[|time_intervals|continue", text)


def test_the_programs_agree(copy):
    done = checked(copy)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 rules" in done.stdout


@pytest.mark.only_on("sqlite")  # no matter of the database
@pytest.mark.parametrize(
    ("path", "was", "becomes"),
    [
        ("prometheus/agent.rules.yml", "> 0.10", "> 0.12"),
        ("prometheus/agent.rules.yml", "> 0.10", ">= 0.10"),
        ("prometheus/agent.rules.yml", "> 5.0", "> 4.9"),
        ("prometheus/agent.rules.yml", "agent_queue_depth > 500", "agent_queue_depth > 499"),
        ("prometheus/agent.rules.yml", "> 0.8", "> 0.79"),
        ("prometheus/agent.rules.yml", "[5m])) > 0.1\n", "[5m])) > 0.09\n"),
        ("prometheus/agent.rules.yml", "for: 2m", "for: 3m"),
        ("prometheus/agent.rules.yml", "for: 5m", "for: 4m"),
        ("prometheus/agent.rules.yml", "for: 10m", "for: 11m"),
        ("prometheus/agent.rules.yml", "for: 1m", "for: 0m"),
        ("prometheus/agent.rules.yml", "severity: critical", "severity: warning"),
        ("prometheus/agent.rules.yml", "vector(1)", "vector("),
        ("alertmanager/alertmanager.yml", "receiver: standby-page", "receiver: standby"),
        ("alertmanager/alertmanager.yml", 'alertname="Watchdog"', 'alertname="Watchdogs"'),
        ("alertmanager/alertmanager.yml", "receiver: standby\n", "receiver: nowhere\n"),
        ("alertmanager/standby.tmpl", "{{ end }}{{ end }}", "{{ end }}"),
    ],
)
def test_a_changed_threshold_duration_or_receiver_turns_the_check_red(copy, path, was, becomes):
    changed = copy / path
    assert was in changed.read_text()
    changed.write_text(changed.read_text().replace(was, becomes, 1))

    assert checked(copy).returncode == 1
