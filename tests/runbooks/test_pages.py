"""Runbooks as people see them."""

from __future__ import annotations

from runbooks.models import Runbook, Section


def test_a_runbook_shows_its_sections_with_their_anchors(client, ana, write):
    client.force_login(ana)
    runbook = write(body="## Symptoms\n\nRequests **fail**.\n\n## What we do\n\n    wait")

    page = client.get(runbook.get_absolute_url()).content.decode()

    assert '<h2 id="symptoms">Symptoms</h2>' in page
    assert "<strong>fail</strong>" in page
    assert 'href="#what-we-do"' in page


def test_what_the_top_of_the_page_says_is_not_said_twice(client, ana, write):
    client.force_login(ana)
    runbook = write("High error rate", body="# High error rate\n\nRequests\nfail.\n\n## Symptoms\n\nMany.")
    Runbook.objects.update(summary="Requests fail.")

    page = client.get(runbook.get_absolute_url()).content.decode().split("<main")[1]

    assert page.count("Requests fail.") == 1 and "Requests\nfail." not in page
    assert '<section id="high-error-rate">' in page and 'href="#high-error-rate"' not in page
    assert page.count("High error rate</h") == 1


def test_what_an_import_left_plain_is_formatted_for_its_first_reader(client, ana, write):
    client.force_login(ana)
    runbook = write(body="## Symptoms\n\nRequests **fail**.")
    Section.objects.update(body_html="", body_html_key="")

    assert "<strong>fail</strong>" in client.get(runbook.get_absolute_url()).content.decode()
    assert "<strong>" in Section.objects.get().body_html


def test_a_runbook_is_read_even_if_nothing_can_be_formatted(client, ana, write, monkeypatch):
    from portal.markdown import worker

    def killed(question):
        raise worker.Killed

    client.force_login(ana)
    runbook = write(body="## Symptoms\n\nRequests <b>fail</b>.")
    Section.objects.update(body_html="", body_html_key="")
    monkeypatch.setattr(worker, "ask", killed)

    assert "Requests &lt;b&gt;fail&lt;/b&gt;." in client.get(runbook.get_absolute_url()).content.decode()


def test_who_came_from_an_incident_finds_the_way_back(client, ana, write):
    client.force_login(ana)
    url = write().get_absolute_url()

    assert 'href="/incidents/142/"' in client.get(url, {"incident": "142"}).content.decode()
    assert "Back to incident" not in client.get(url, {"incident": "142/../x"}).content.decode()


def test_an_alerts_link_leads_to_its_runbook_with_the_incident(client, ana, write):
    client.force_login(ana)
    runbook = write(alerts=["AgentHighErrorRate"])

    for link in ("/r/AgentHighErrorRate", "/r/AgentHighErrorRate/"):
        answer = client.get(link, {"incident": "142"})

        assert (answer.status_code, answer["Location"]) == (302, f"{runbook.get_absolute_url()}?incident=142")


def test_an_alert_without_a_runbook_gets_a_page_that_offers_to_write_one(client, ana, ben, write, team):
    for name in ("Unknown", "Störung in Köln", "a/b", "x" * 900, "%00", "<script>"):
        client.force_login(ana)
        page = client.get(f"/r/{name}")
        client.force_login(ben)
        reader = client.get(f"/r/{name}")

        assert (page.status_code, reader.status_code) == (200, 200)
        assert "/runbooks/new/?title=" in page.content.decode()
        assert "/runbooks/new/" not in reader.content.decode()
        assert "<script>" not in page.content.decode().split("<main")[1]


def test_the_list_names_what_each_runbook_answers(client, ana, write, service):
    client.force_login(ana)
    write("High error rate", alerts=["AgentHighErrorRate"], services=[service])

    page = client.get("/runbooks/").content.decode()

    assert "AgentHighErrorRate" in page and "agent-api" in page and "unproven" in page


def test_a_search_finds_the_section(client, ana, write):
    client.force_login(ana)
    write("High error rate", body="## Symptoms\n\nx\n\n## Mitigation\n\nenable the circuit breaker")

    assert "/runbooks/high-error-rate/#mitigation" in client.get("/runbooks/", {"q": "circuit breaker"}).content.decode()


def test_a_search_without_an_answer_shows_all_runbooks(client, ana, write):
    client.force_login(ana)
    write("High error rate")

    page = client.get("/runbooks/", {"q": "zzyzx"}).content.decode()

    assert "Nothing in runbooks matches" in page and "High error rate" in page


def test_an_unknown_runbook_is_not_found(client, ana):
    client.force_login(ana)

    assert client.get("/runbooks/no-such-thing/").status_code == 404
    assert not Runbook.objects.exists()
