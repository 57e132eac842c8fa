"""What a running Prometheus has loaded, beside the rules that ship."""

from __future__ import annotations

import contextlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from runbooks import rules_drift, rules_lint
from runbooks.rules_lint import Rule
from tests import servers

SHIPPED = rules_drift.SHIPPED.read_text()


@pytest.fixture(scope="module")
def prometheus():
    """A real one with the shipped rules; `load` gives it others."""
    try:
        server = servers.Prometheus(SHIPPED, [], [])
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


def load(prometheus, text: str) -> None:
    (prometheus.folder / "agent.rules.yml").write_text(text)
    prometheus.stop()
    prometheus.start()


def told(prometheus) -> str:
    """What the command prints, without findings about runbooks."""
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("lint_rules", prometheus.url, stdout=out)
    return "\n".join(line for line in out.getvalue().splitlines() if line.endswith(("[new]", "[gone]", "[changed]")))


@pytest.mark.once
@pytest.mark.servers
@pytest.mark.django_db
def test_a_prometheus_with_the_shipped_rules_differs_in_nothing(prometheus):
    assert told(prometheus) == ""


@pytest.mark.once
@pytest.mark.servers
@pytest.mark.django_db
def test_new_gone_and_changed_rules_of_a_prometheus_are_told(prometheus):
    text = SHIPPED.replace("> 0.10", "> 0.12").replace("for: 1m", "for: 90s").replace("alert: AgentQueueBacklog", "alert: OurQueue")
    load(prometheus, text.replace("severity: info", "severity: warning"))

    found = told(prometheus)

    assert "AgentHighErrorRate: expr is “(sum(rate(agent_errors_total[5m])) / sum(rate(agent_requests_total[5m]))) > 0.12”, shipped “" in found
    assert "RedisDown: for is 90, shipped 1m" in found
    assert "AgentRateLimited: severity is warning, shipped info" in found
    assert "AgentQueueBacklog: is shipped and not loaded there [gone]" in found
    assert "OurQueue: loaded there and not among the shipped rules: OurQueue [new]" in found
    assert len(found.splitlines()) == 5


def rule(alert: str, expr: str = "up == 0", lasts: str = "") -> Rule:
    return Rule(alert, {}, {}, "rules.yml", 1, expr, lasts)


def test_where_none_of_them_is_loaded_one_sentence_says_so():
    found = list(rules_drift.differences([rule("A"), rule("B")], [rule("Own")]))

    assert [(code, told.alert) for code, told, _ in found] == [("gone", "A")]


@pytest.mark.parametrize(
    ("one", "other"),
    [("x > 0.10", "x>0.1"), ("x > 5.0", "x > 5"), ("sum by (a) (x)\n  or y", "sum by(a)(x) or y"), ('x{a="1.0"}', 'x{ a="1.0" }')],
)
def test_an_expression_is_the_same_however_it_is_printed(one, other):
    assert rules_drift.plain(one) == rules_drift.plain(other)


@pytest.mark.parametrize(("one", "other"), [("x > 0.1", "x > 0.01"), ('x{a="b c"}', 'x{a="bc"}'), ('x{a="1.0"}', 'x{a="1"}'), ("x > 10", "x > 1")])
def test_and_another_where_a_number_or_a_text_differs(one, other):
    assert rules_drift.plain(one) != rules_drift.plain(other)


def test_durations_are_compared_as_seconds():
    assert [rules_drift.seconds(text) for text in ("1m30s", "90", "2h", "", "500ms")] == [90, 90, 7200, 0, 0.5]


def test_a_file_to_compare_with_that_does_not_exist_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(rules_lint, "from_prometheus", lambda url: ([rule("A")], []))

    with pytest.raises(CommandError, match="--against"):
        call_command("lint_rules", "http://prometheus.example:9090", against=tmp_path / "none.yml")
