"""Export: Markdown that imports back unchanged, and a static site that appears whole."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from portal.errors import Invalid
from portal.search import documents
from runbooks import editing, exporting
from runbooks.importing import files, importer, sources
from runbooks.models import Runbook, RunbookSource


def imported(folder, name, noon):
    return importer.run(sources.named(name, str(folder)), files.tree_of(folder), by=None, at=noon)


@pytest.mark.shared_data
def test_the_whole_corpus_goes_out_and_comes_back_byte_for_byte(shared_data, tmp_path, team, noon):
    corpus = shared_data / "corpus"
    imported(corpus, "one", noon)

    exporting.markdown(tmp_path / "out", noon)

    written = {path.relative_to(tmp_path / "out/one"): path.read_bytes() for path in (tmp_path / "out/one").rglob("*") if path.is_file()}
    assert len(written) > 300 and all((corpus / path).read_bytes() == content for path, content in written.items())
    documents.remove_many([runbook.subject for runbook in Runbook.objects.all()])
    Runbook.objects.all().delete()
    RunbookSource.objects.all().delete()
    report = imported(tmp_path / "out/one", "two", noon)
    assert report.counts() == {"imported": len(written)}
    exporting.markdown(tmp_path / "again", noon)
    assert all((tmp_path / "again/two" / path).read_bytes() == content for path, content in written.items())


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf---\r\nowner: x\r\n---\r\n# A\r\n\r\nold\r\n\r\nend", "# A\n\nold Größe".encode("latin-1")])
def test_only_the_edited_lines_of_a_file_differ(tmp_path, team, ana, noon, content):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.md").write_bytes(content)
    imported(tmp_path / "in", "ops", noon)
    runbook = Runbook.objects.get()
    runbook.body = runbook.body.replace("old", "new")
    editing.save(runbook, seen=1, by=ana, at=noon)

    exporting.markdown(tmp_path / "out", noon)

    assert (tmp_path / "out/ops/a.md").read_bytes() == content.replace(b"old", b"new")


def test_what_was_written_here_comes_back_with_its_title_and_alerts(tmp_path, write, team, noon):
    write("Title: with a colon", "## One\n\ntext", alerts=["AgentDown"])
    exporting.markdown(tmp_path / "out", noon)
    documents.remove(Runbook.objects.get().subject)
    Runbook.objects.all().delete()

    imported(tmp_path / "out/standby", "back", noon)

    found = Runbook.objects.get()
    assert (found.title, found.body, [alias.alertname for alias in found.aliases.all()]) == ("Title: with a colon", "## One\n\ntext", ["AgentDown"])


def test_a_folder_with_other_files_is_left_alone(tmp_path, write, noon):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(Invalid, match="holds other files"):
        exporting.markdown(tmp_path, noon)

    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_the_site_stands_alone_and_an_export_that_fails_leaves_the_old_one(tmp_path, write, noon, monkeypatch):
    write("One", "## Fix\n\n[other](/runbooks/two/) <script>alert(1)</script>", alerts=["AgentDown"])
    write("Two")
    out = tmp_path / "site"

    exporting.site(out, noon)
    page = (out / "runbooks/one.html").read_text()
    monkeypatch.setattr(exporting, "_write_site", lambda folder, now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exporting.site(out, noon)

    assert 'href="../runbooks/two.html"' in page and "<script" not in page and "Copy of" in page
    index = json.loads((out / "index.js").read_text().removeprefix("window.LIBRARY = ").rstrip(";\n"))
    assert {row["slug"] for row in index} == {"one", "two"} and "agentdown" in index[0]["head"]
    assert (out / "oncall.html").exists() and (out / "index.html").exists()
    assert len([path for path in tmp_path.iterdir() if not path.name.startswith(".site-next")]) == 2


def test_no_file_of_the_site_asks_for_anything_from_elsewhere(tmp_path, write, noon):
    write("One", "![x](https://elsewhere.example/x.png)")
    exporting.site(tmp_path / "site", noon)

    for path in Path(tmp_path / "site").rglob("*.html"):
        text = path.read_text()
        assert "default-src 'none'" in text and 'src="/' not in text and 'href="/' not in text


def test_the_command_writes_both(tmp_path, write):
    write()
    out = StringIO()

    call_command("export", str(tmp_path / "md"), stdout=out)
    call_command("export", str(tmp_path / "site"), site=True, stdout=out)

    assert "1 files" in out.getvalue() and "pages" in out.getvalue()
