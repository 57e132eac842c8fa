"""HTTP, TLS, DNS, TCP and Prometheus against real servers, healthy and sick."""

from __future__ import annotations

import time

import pytest

from runbooks.diagnostics import probing
from runbooks.models import Target
from tests import servers
from tests.runbooks.looking import Prometheus, Web, certificate, frozen, is_a_finding, look

pytestmark = [pytest.mark.django_db, pytest.mark.servers, pytest.mark.once]


@pytest.fixture(scope="module")
def web():
    server = Web()
    yield server
    server.close()


@pytest.fixture(scope="module")
def prometheus():
    try:
        server = Prometheus()
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


def host(server, **fields):
    return Target.objects.create(**{"slug": "api", "kind": "http", "host": "127.0.0.1", "port": server.port, **fields})


def watched(server):
    return Target.objects.create(slug="metrics", kind="prometheus", host="127.0.0.1", port=server.port)


def test_a_healthy_host_answers(web):
    run = look("http-check", host(web, options={"text": "all is well"}))

    assert (run.severity, run.result["numbers"]["status"]) == ("ok", 200)


def test_a_slow_host_is_said(web):
    run = look("http-check", host(web, path="/slow"))

    assert run.severity == "warn"
    assert "slow from 1000 ms" in run.finding


def test_a_broken_host_is_a_finding_without_what_it_said(web):
    run = look("http-check", host(web, path="/broken"))

    assert is_a_finding(run)
    assert "500" in run.finding
    assert "hunter2" not in run.output


def test_an_answer_without_the_expected_words_is_a_finding(web):
    assert "without the expected words" in look("http-check", host(web, options={"text": "ready"})).finding


def test_a_host_that_never_answers_is_a_finding(web):
    run = look("http-check", host(web, path="/never"), at_most=8)

    assert is_a_finding(run)
    assert run.finding == "Host “api” did not answer in time"


@pytest.mark.parametrize("slug", ["http-check", "tls-expiry"])
def test_a_frozen_host_is_a_finding(web, slug):
    with frozen(web.process.pid):
        assert is_a_finding(look(slug, host(web), at_most=12))


@pytest.mark.parametrize("slug", ["http-check", "tls-expiry", "tcp-connect"])
def test_a_host_that_refuses_is_a_finding(web, slug):
    run = look(slug, host(web, port=servers.free_port()), at_most=5)

    assert is_a_finding(run)
    assert run.finding == "Host “api” refused the connection"


@pytest.mark.parametrize("slug", ["http-check", "tls-expiry", "tcp-connect", "dns-lookup"])
def test_a_name_without_an_address_is_a_finding(web, slug):
    run = look(slug, host(web, host="nowhere.invalid"), at_most=8)

    assert is_a_finding(run)
    assert run.finding == "Host “api” has a name without an address"


@pytest.mark.parametrize("slug", ["http-check", "tcp-connect", "dns-lookup"])
def test_an_address_that_is_never_spoken_to_is_a_finding(web, slug):
    assert is_a_finding(look(slug, host(web, host="169.254.169.254"), at_most=5))


def test_names_and_ports_of_a_healthy_host(web):
    target = host(web, host="localhost")

    assert look("tcp-connect", target).severity == "ok"
    assert look("dns-lookup", target).severity == "ok"


def test_an_address_that_changed_is_a_finding(web):
    run = look("dns-lookup", host(web, options={"addresses": ["203.0.113.7"]}))

    assert (run.severity, run.finding.partition(" ms")[2]) == ("bad", ", others than expected")
    assert run.result["next_step"]


@pytest.fixture
def secured(tmp_path, monkeypatch):
    """Hosts with certificates of a given life; the first one's is trusted by the house."""
    started = []

    def start(days, *, trusted):
        path = certificate(tmp_path, days=days)
        monkeypatch.setenv("SSL_CERT_FILE", str(path if trusted else certificate(tmp_path, days=400, name="other")))
        probing.forget_children()
        started.append(Web(path))
        return host(started[-1], host="localhost", uses_tls=True)

    yield start
    for server in started:
        server.close()
    probing.forget_children()


def test_a_good_certificate_says_its_days(secured):
    target = secured(90, trusted=True)

    run = look("tls-expiry", target)

    assert (run.severity, run.finding) == ("ok", "The certificate is good for 90 days")
    assert look("http-check", target).severity == "ok"


def test_a_certificate_that_ends_soon_is_said(secured):
    run = look("tls-expiry", secured(5, trusted=True))

    assert run.severity == "warn"
    assert "Renew" in run.result["next_step"]


def test_a_certificate_that_has_ended_is_a_finding(secured):
    run = look("tls-expiry", secured(-3, trusted=True))

    assert is_a_finding(run)
    assert run.finding == "The certificate expired 3 days ago"


def test_a_certificate_that_nobody_vouches_for_is_a_finding(secured):
    target = secured(90, trusted=False)

    run = look("tls-expiry", target)

    assert is_a_finding(run)
    assert "not trusted" in run.finding
    assert is_a_finding(look("http-check", target))


def test_a_port_without_tls_is_a_finding(web):
    run = look("tls-expiry", host(web))

    assert is_a_finding(run)
    assert "does not speak TLS" in run.finding


def test_prometheus_answers_queries_and_names_targets_that_are_down(prometheus):
    target = watched(prometheus)
    for _ in range(100):
        run = look("targets-down", target)
        if run.result["numbers"].get("targets") == 2 and "unknown" not in run.output:
            break
        time.sleep(0.1)

    assert (run.severity, run.finding) == ("bad", "1 of 2 targets are down")
    assert run.result["rows"][0][0] == "gone"
    run = look("prometheus-query", target, query="up")
    assert (run.severity, run.result["numbers"]["series"]) == ("ok", 2)
    for _ in range(100):  # the steps of a range end before its first sample for some seconds
        run = look("prometheus-range", target, query='up{job="itself"}', minutes=5)
        if "No data" not in run.finding:
            break
        time.sleep(0.2)
    assert "1 series over 5 min" in run.finding


def test_a_query_without_data_is_said(prometheus):
    assert look("prometheus-query", watched(prometheus), query="nothing_of_that_name").finding == "No data: nothing matches the query"


@pytest.mark.parametrize("slug", ["prometheus-query", "prometheus-range"])
def test_a_query_that_is_none_is_a_finding_in_our_words(prometheus, slug):
    run = look(slug, watched(prometheus), query="sum(rate(")

    assert is_a_finding(run)
    assert run.finding == "Prometheus “metrics” could not read the query"


@pytest.mark.parametrize("slug", ["prometheus-query", "prometheus-range", "targets-down"])
def test_a_frozen_prometheus_is_a_finding(prometheus, slug):
    with frozen(prometheus.process.pid):
        run = look(slug, watched(prometheus), at_most=10)
    assert is_a_finding(run)
    assert "did not answer within 8 s" in run.finding


@pytest.mark.parametrize("slug", ["prometheus-query", "prometheus-range", "targets-down"])
def test_a_prometheus_that_refuses_is_a_finding(prometheus, slug):
    target = watched(prometheus)
    Target.objects.update(port=servers.free_port())

    assert is_a_finding(look(slug, target, at_most=5))


def test_a_server_that_is_no_prometheus_is_said(web):
    run = look("prometheus-query", watched(web))

    assert is_a_finding(run)
    assert "something that is not Prometheus" in run.finding
