"""Rendered once, when the text is saved; shown only while its sanitiser is trusted."""

from types import SimpleNamespace

import pytest
from django.db import connection, models
from django.template import Context, Template

from portal import due
from portal.markdown import render, rerender, worker
from portal.models import Due
from portal.shelves import Shelf


def note(body, html="", key=""):
    return SimpleNamespace(body=body, body_html=html, body_html_key=key)


def shown(template, **context):
    return Template(template).render(Context(context))


def test_a_save_fills_html_and_key_once(monkeypatch):
    saved = note("*a*\r\n")

    render.fill(saved, "body")
    assert (saved.body, saved.body_html, saved.body_html_key) == ("*a*\n", "<p><em>a</em></p>", render.key_of("*a*\n"))

    monkeypatch.setattr(render, "to_html", None)
    assert render.fill(saved, "body").html == "<p><em>a</em></p>"


def test_a_page_shows_what_was_stored():
    saved = note("*a*")
    render.fill(saved, "body")

    assert shown('{% markdown note "body" %}', note=saved) == "<p><em>a</em></p>"
    assert shown("{{ note.body_html|rendered:note.body_html_key }}", note=saved) == "<p><em>a</em></p>"


@pytest.mark.parametrize("key", ["", "x", "0" * 64 + ":0:old", "0" * 64 + ":"])
def test_html_below_the_floor_is_not_shown_but_the_text_is(key):
    distrusted = note("<b>a</b>", "<script>alert(1)</script>", key)

    page = shown('{% markdown note "body" %}{{ note.body_html|rendered:note.body_html_key }}', note=distrusted)

    assert "<script" not in page and "&lt;b&gt;a&lt;/b&gt;" in page


def test_raising_the_floor_hides_what_was_rendered_before(monkeypatch):
    saved = note("*a*")
    render.fill(saved, "body")

    monkeypatch.setattr(render, "SANITISER_FLOOR", render.NUMBER + 1)

    assert "<em>" not in shown('{% markdown note "body" %}', note=saved)


def test_a_plain_source_is_escaped_and_an_empty_one_is_nothing():
    assert "&lt;i&gt;" in shown("{{ text|plain_source }}", text="<i>")
    assert shown("{{ text|plain_source }}", text="") == ""


def test_keys_fit_their_column():
    assert len(render.key_of("a") + ":busy") <= render.KEY_LENGTH


@pytest.fixture
def page_model(transactional_db):
    class RerenderedPage(models.Model):
        body = models.TextField()
        body_html = models.TextField(default="")
        body_html_key = models.CharField(max_length=render.KEY_LENGTH, default="")

        class Meta:
            app_label = "portal"

    with connection.schema_editor() as editor:
        editor.create_model(RerenderedPage)
    yield RerenderedPage
    with connection.schema_editor() as editor:
        editor.delete_model(RerenderedPage)
    RerenderedPage._meta.apps.all_models["portal"].pop("rerenderedpage")
    RerenderedPage._meta.apps.clear_cache()


def test_rerender_formats_what_is_out_of_date_and_nothing_else(page_model):
    old = page_model.objects.create(body="*old*", body_html="x", body_html_key="0" * 64 + ":0:old")
    busy = page_model.objects.create(body="*busy*", body_html="x", body_html_key=render.key_of("*busy*") + ":busy")
    current = page_model.objects.create(body="*current*", body_html="kept", body_html_key=render.key_of("*current*"))
    page_model.objects.create(body="")

    again = list(rerender.again(rerender.Text(page_model, "body")))

    assert [instance.pk for instance, _ in again] == [old.pk, busy.pk]
    old.refresh_from_db()
    current.refresh_from_db()
    assert old.body_html == "<p><em>old</em></p>" and old.body_html_key == render.key_of("*old*")
    assert current.body_html == "kept"
    assert not list(rerender.again(rerender.Text(page_model, "body")))


def test_a_text_saved_while_all_were_busy_is_formatted_later(page_model, monkeypatch, noon):
    monkeypatch.setattr(rerender, "texts", Shelf("texts"))
    rerender.texts.put("pages.body", rerender.Text(page_model, "body"))
    page = page_model(body="*a*")
    with worker._worker.lock:
        assert render.fill(page, "body").busy
    page.save()
    rerender.later("pages.body", page.pk, at=noon)

    [row] = due.claim("work", noon)
    with worker._worker.lock:
        due.KINDS[row.kind].handler(row, noon)
    assert Due.objects.get(pk=row.pk).due_at > noon, "busy again, so it comes back"

    [row] = due.claim("work", Due.objects.get(pk=row.pk).due_at)
    due.KINDS[row.kind].handler(row, noon)

    page.refresh_from_db()
    assert page.body_html == "<p><em>a</em></p>" and not Due.objects.exists()


def test_the_due_row_of_a_deleted_text_goes_away(page_model, monkeypatch, noon):
    monkeypatch.setattr(rerender, "texts", Shelf("texts"))
    rerender.texts.put("pages.body", rerender.Text(page_model, "body"))
    rerender.later("pages.body", 77, at=noon)

    [row] = due.claim("work", noon)
    due.KINDS[row.kind].handler(row, noon)

    assert not Due.objects.exists()
