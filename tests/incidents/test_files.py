"""Pictures and files: checked by what they are, encoded anew, served so that nothing in them can run."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image

from incidents import files, recording, timeline
from incidents.models import Attachment
from portal.errors import DomainError, Invalid

pytestmark = pytest.mark.django_db


def picture(kind="PNG", size=(40, 30), **more) -> BytesIO:
    written = BytesIO()
    Image.new("RGB", size, "red").save(written, kind, **more)
    written.seek(0)
    return written


def note(opened, ana, noon, *uploads):
    return recording.note(opened.pk, "Look", by=ana, at=noon, uploads=list(uploads))


@pytest.mark.parametrize(("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_a_picture_is_encoded_anew_and_what_hid_behind_it_is_gone(opened, ana, noon, kind, media):
    hidden = BytesIO(picture(kind).getvalue() + b"<script>alert(1)</script>")

    kept = note(opened, ana, noon, ("a.png", hidden)).attachments.get()

    assert kept.media_type == media
    assert b"script" not in kept.file.open("rb").read()


@pytest.mark.parametrize(
    "content",
    [b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"\x7fELF\x02\x01", b"PK\x03\x04\xff", b""],
    ids=["html", "svg", "elf", "zip", "empty"],
)
def test_what_is_no_picture_no_pdf_and_no_plain_text_is_refused(opened, ana, noon, content):
    with pytest.raises(Invalid):
        note(opened, ana, noon, ("shot.png", BytesIO(content)))
    assert Attachment.objects.count() == 0


def test_too_large_and_too_many_pixels_are_refused_with_the_limit(opened, ana, noon, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 100)
    with pytest.raises(Invalid, match="larger than 10 MB"):
        note(opened, ana, noon, ("a.txt", BytesIO(b"a" * 101)))
    monkeypatch.undo()
    monkeypatch.setattr(files, "MOST_PIXELS", 1000)
    with pytest.raises(Invalid, match="25 megapixels"):
        note(opened, ana, noon, ("a.png", picture()))


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "a\r\nX-Evil: 1.txt", "\u202egnp.exe", "/abs/olute.txt", "<img src=x onerror=alert(1)>", "." * 300],
)
def test_a_hostile_name_becomes_a_plain_one_and_the_place_on_disk_is_ours(opened, ana, noon, client, name):
    kept = note(opened, ana, noon, (name, BytesIO(b"a line"))).attachments.get()
    client.force_login(ana)

    response = client.get(reverse("incident-file", args=[opened.pk, kept.pk]))

    assert kept.file.name.startswith(f"incidents/{opened.pk}/") and "/" not in kept.name and "\n" not in kept.name
    assert response.status_code == 200 and "X-Evil" not in response
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Content-Disposition"].startswith("attachment")


def test_files_alone_are_an_entry_too_and_both_are_on_the_page(opened, ana, noon, client):
    recording.note(opened.pk, "", by=ana, at=noon, uploads=[("shot.png", picture()), ("log.txt", BytesIO(b"a line"))])
    client.force_login(ana)

    page = client.get(reverse("incident-detail", args=[opened.pk])).content.decode()

    assert timeline.story(opened).last().text == "Added shot.png, log.txt"
    assert 'alt="shot.png"' in page and "log.txt" in page


def test_a_correction_is_a_revision_and_what_the_portal_wrote_stands(opened, ana, noon):
    entry = recording.note(opened.pk, "worker-7", by=ana, at=noon)
    recording.correct(opened.pk, entry.pk, "worker-9", by=ana, at=noon)
    [line] = [line for line in recording.lines(list(timeline.story(opened))) if line.entry == entry]

    assert (line.body, entry.body, len(line.revisions)) == ("worker-9", "worker-7", 1)
    with pytest.raises(DomainError, match="Only notes"):
        recording.correct(opened.pk, timeline.story(opened).first().pk, "never", by=ana, at=noon)


def test_a_pin_stays_on_top_for_everybody_and_is_taken_off(opened, ana, noon):
    entry = recording.note(opened.pk, "Look here", by=ana, at=noon)
    recording.pin(opened.pk, entry.pk, by=ana, at=noon)
    assert [line.entry for line in recording.pinned(opened)] == [entry]

    recording.unpin(opened.pk, entry.pk)

    assert recording.pinned(opened) == []
