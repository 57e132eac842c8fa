"""Search: half a word, a misspelt one or a whole alert finds; nothing typed is an error; what is hidden is not there."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from portal.search import asking, documents, engines, reindexing, synonyms, vocabulary
from portal.search.documents import Document
from portal.search.find import find
from portal.search.models import SearchWord, Synonym
from portal.search.snippets import excerpt, marked
from portal.search.terms import of_body, of_head

pytestmark = pytest.mark.django_db


def put(key, title, body="", **more):
    documents.index(key, [Document(key=key, kind=more.pop("kind", "runbook"), title=title, body=body, url=f"/{key}/", **more)])


@pytest.fixture
def library():
    put("runbook:1", "Queue depth growing", "Workers stopped taking jobs. Scale the workers.", names="AgentQueueBacklog queue-depth-growing")
    put("runbook:2", "Database issues", "Too many connections to PostgreSQL. Restart the workers.", names="DatabaseConnectionsNearLimit")
    put("runbook:3", "Pods restart", "KubePodCrashLooping means that a container restarts again and again.", names="KubePodCrashLooping")
    put("incident:9", "Kubernetes upgrade failed", "The control plane was away.", kind="incident", access="incident:9")


def titles(text, **more):
    return [hit.title for hit in find(text, user=None, **more).hits]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("queue growing", "Queue depth growing"),
        ("AgentQueueBacklog", "Queue depth growing"),
        ("backlog", "Queue depth growing"),
        ("crash looping", "Pods restart"),
        ("kubepodcrashlooping", "Pods restart"),
        ("restarting", "Pods restart"),
        ("datab", "Database issues"),
        ("conections postgres", "Database issues"),
        ("the databse is down", "Database issues"),
        ("Databáse", "Database issues"),
        ("FATAL: sorry, too many connections (SQLSTATE 53300)", "Database issues"),
    ],
)
def test_what_a_tired_person_types_finds_it_first(library, query, title):
    assert titles(query)[0] == title


def test_a_pasted_alert_finds_the_runbook_of_its_name(library):
    alert = json.dumps({"status": "firing", "labels": {"alertname": "DatabaseConnectionsNearLimit", "severity": "warning", "job": "pg"}})

    assert titles(alert)[0] == "Database issues"


def test_a_misspelt_word_says_what_was_searched_instead(library):
    assert find("databse", user=None).corrected == "database"


def test_an_edit_is_found_in_the_same_transaction_and_the_old_text_is_not(library):
    put("runbook:1", "Queue depth growing", "Look at the supervisor.")

    assert titles("supervisor") == ["Queue depth growing"]
    assert "Queue depth growing" not in titles("scale", kinds=["runbook"])


def test_what_is_hidden_is_neither_found_nor_counted_nor_suggested(library, monkeypatch):
    monkeypatch.setitem(documents.hidden_keys._things, "test", lambda user: {"incident:9"})

    found = find("kubernetes upgrade", user=None)

    assert [hit.title for hit in found.hits if hit.kind == "incident"] == []
    assert found.total == len(found.hits)
    assert not SearchWord.objects.filter(word="upgrade").exists()


ODD = ["", " ", '"', "*", "NEAR(", "a AND (", "'; DROP TABLE x", "\x00", "\ud800", "-", "word:*", "%", "\\", "x" * 10_000, "a " * 3000, "🙂", "NOT"]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_nothing_typed_is_an_error(library, query):
    find(query, user=None)
    find(query + " queue", user=None)


def test_every_naughty_string_is_only_a_query(library, shared_data):
    strings = json.loads((shared_data / "hostile/blns/blns.json").read_text(encoding="utf-8"))

    for text in strings:
        put("runbook:x", text or "empty", text)
        find(text, user=None)


def test_snippets_are_escaped_before_they_are_marked():
    shown = marked("<script>alert(1)</script> the queue", ["queue", "script"])

    assert shown == "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt; the <mark>queue</mark>"


def test_a_snippet_stands_around_the_match():
    text = "word " * 200 + "the queue is full " + "word " * 200

    assert "queue is full" in excerpt(text, ["queue"])
    assert len(excerpt(text, ["queue"])) < 220


def test_a_long_query_is_asked_by_its_most_telling_words(library):
    question = asking.understand(" ".join(f"w{n}" for n in range(50)) + " the queue DatabaseConnectionsNearLimit")

    assert len(question.concepts) <= asking.AT_MOST
    assert find(" ".join(f"w{n}" for n in range(50)) + " DatabaseConnectionsNearLimit", user=None).hits[0].title == "Database issues"


def test_words_put_together_are_indexed_by_their_parts_and_joined():
    assert {"kube", "pod", "crash", "looping", "crashlooping", "queuedepth"} <= set(of_head("KubePodCrashLooping queue-depth-growing"))
    assert {"kube", "looping", "queuedepthgrowing"} <= set(of_body("KubePodCrashLooping queue-depth-growing"))


def test_a_thing_is_found_once_with_the_section_that_answers_best():
    sections = [
        Document(key=f"runbook:9#{name}", kind="runbook", title="Redis", section=name, body=body, url=f"/runbook:9/#{name}")
        for name, body in (("Symptoms", "Clients wait."), ("Eviction", "Keys are evicted when memory is full."))
    ]
    documents.index("runbook:9", [Document(key="runbook:9", kind="runbook", title="Redis", body="", url="/runbook:9/"), *sections])

    [hit] = find("redis evicted keys", user=None).hits

    assert (hit.section, hit.url) == ("Eviction", "/runbook:9/#Eviction")


@pytest.mark.parametrize(("query", "title"), [("pg", "Database issues"), ("psql", "Database issues")])
def test_the_words_of_the_trade_mean_the_same(library, query, title):
    put("runbook:2", "Database issues", "The store of records.", names="PostgresConnections")

    assert titles(query)[0] == title


def test_synonyms_can_be_edited_and_are_laid_out_once(library, noon):
    assert synonyms.lay_out(noon).endswith("lines")
    assert synonyms.lay_out(noon) == ""
    Synonym.objects.create(words="zebra = backlog")

    assert titles("zebra")[0] == "Queue depth growing"


def test_filters_leave_out_the_rest(library):
    put("runbook:7", "Queue of the gateway", "The queue.", facets={"service": ["api-gateway"], "state": ["stale"]})

    assert titles("queue", facets={"service": ["api-gateway"]}) == ["Queue of the gateway"]
    assert titles("queue", facets={"service": ["api-gateway", "other"], "state": ["fresh"]}) == []


def test_a_log_line_is_asked_by_what_it_says(library):
    line = "2026-03-03T02:11:09.123Z ERROR 10.2.3.4:5432 [9f86d081884c7d65] FATAL: sorry, too many connections"

    assert titles(line)[0] == "Database issues"


def test_the_count_of_words_follows_the_library(library):
    vocabulary.recount()
    put("runbook:4", "Zebra", "The zebra stands.")
    documents.remove("runbook:3")

    vocabulary.recount()

    assert SearchWord.objects.get(word="workers").documents == 2
    assert SearchWord.objects.get(word="zebra").documents == 1
    assert not SearchWord.objects.filter(word="looping").exists()
    assert "zebra" in vocabulary.nearest("zebar")
    assert [word for word, _ in engines.current().alike("lopping")] != ["looping"]


def test_an_index_that_an_update_emptied_is_built_again(library, noon, monkeypatch):
    monkeypatch.setattr(documents, "sources", documents.Shelf("test"))
    documents.sources.put("test", lambda: iter([("runbook:1", [Document(key="runbook:1", kind="runbook", title="Back again", body="", url="/")])]))

    assert reindexing.lay_out(noon) == ""
    documents.remove_many(["runbook:1", "runbook:2", "runbook:3", "incident:9"])

    assert reindexing.lay_out(noon) == "1 documents"
    assert titles("back again") == ["Back again"]


def test_the_command_prints_json_with_the_documented_fields(library):
    out = StringIO()
    call_command("search", "queue", "--json", "--limit", "1", stdout=out)

    [hit] = json.loads(out.getvalue())
    assert {"kind", "title", "url", "snippet", "source_path"} <= set(hit)


def test_the_page_groups_what_it_finds(client, library, ana):
    client.force_login(ana)

    page = client.get(reverse("search"), {"q": "kubernetes pods"}).content.decode()

    assert "Pods restart" in page.replace("<mark>", "").replace("</mark>", "")
    assert "Incidents" in page


def test_the_api_answers_with_hits_and_refuses_a_wrong_limit(client, library, ana):
    client.force_login(ana)

    assert client.get("/api/search/", {"q": "queue"}).json()["results"][0]["title"] == "Queue depth growing"
    refused = client.get("/api/search/", {"q": "queue", "limit": "many"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_the_sixty_first_search_of_a_minute_waits_on_the_page_and_in_the_api(client, library, ana, monkeypatch):
    monkeypatch.setattr("portal.search.views.MOST", 2)
    client.force_login(ana)
    for _ in range(2):
        assert client.get("/search/?q=pods").status_code == 200

    page, api = client.get("/search/?q=pods"), client.get("/api/search/?q=pods")

    assert (page.status_code, api.status_code) == (429, 429)
    assert page["Retry-After"] == api["Retry-After"] == "60"
    assert api.json()["code"] == "too_often"
    assert client.get("/search/").status_code == 200  # the empty page costs nothing


def test_the_number_of_queries_does_not_grow_with_the_library(library, django_assert_max_num_queries):
    for n in range(50):
        put(f"runbook:more-{n}", f"Queue runbook {n}", "The queue again.")

    with django_assert_max_num_queries(9):
        assert len(find("queue depth", user=None).hits) == 20
