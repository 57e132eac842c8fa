"""Importing runbooks: every file comes in, nothing is lost, nothing that was edited here is overwritten in silence."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from portal import due
from portal.errors import Invalid
from portal.search.find import find
from runbooks import editing, formatting
from runbooks.importing import files, front_matter, importer, pages, sources, texts
from runbooks.importing.links import Map
from runbooks.models import Runbook, RunbookSource, Section, SourceFile
from runbooks.presenting import presented

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, team):
    """`folder({"a.md": "# A"})` writes files and imports them; again with changed files brings up to date."""

    def imported(contents, *, name="ops", at=None, by=None):
        for path, text in contents.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                place.unlink()
            else:
                place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return importer.run(sources.named(name, str(tmp_path)), files.tree_of(tmp_path), by=by, at=at or imported.noon)

    from datetime import UTC, datetime

    imported.noon = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    return imported


def test_every_file_is_accounted_for_and_a_second_import_changes_nothing(folder):
    contents = {"a.md": "# A", "b/README.md": "# B", "c.html.md.erb": "# C <%= x %>", "rules.yml": "groups: []", "p.png": b"\x89PNG\r\n\x1a\n"}

    first = folder(contents)
    versions = dict(Runbook.objects.values_list("slug", "version"))
    second = folder({})

    assert {path: outcome for path, (outcome, _) in first.files.items()} == {
        "a.md": "imported",
        "b/README.md": "imported",
        "c.html.md.erb": "imported",
        "p.png": "image",
        "rules.yml": "skipped",
    }
    assert second.changed() == 0 and set(second.files) == set(contents)
    assert dict(Runbook.objects.values_list("slug", "version")) == versions == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize(
    ("path", "text", "title"),
    [
        ("x.md", "---\ntitle: From front matter\n---\n# Heading", "From front matter"),
        ("x.md", "Text.\n\n## Second\n\n# First of the first level", "First of the first level"),
        ("x.md", "## Second level only", "Second level only"),
        ("KubePodCrashLooping.md", "No heading.", "Kube Pod Crash Looping"),
        ("high-error-rate.markdown", "", "High error rate"),
        ("redis/README.md", "text", "Redis"),
        ("x.md", '+++\ntitle = "Of TOML"\n+++\ntext', "Of TOML"),
    ],
)
def test_the_title_comes_from_front_matter_a_heading_or_the_files_name(path, text, title):
    assert pages.read(path, text.encode(), Map({}, {}, set())).title == title


@pytest.mark.parametrize("block", ["---\ntitle: [open\n---\n", "---\na: &x 1\nb: *x\n---\n", "+++\nx = = 1\n+++\n", '---\ntitle: "open\n---\n'])
def test_broken_front_matter_loses_nothing_and_says_where_it_breaks(block):
    page = pages.read("x.md", f"{block}# Body\n\ntext".encode(), Map({}, {}, set()))

    assert page.block + page.body == f"{block}# Body\n\ntext"
    assert page.title == "Body" and "front matter cannot be read" in page.notes[0][1]


def test_front_matter_keeps_what_it_does_not_know_and_reads_no_dates():
    found = front_matter.split("---\nlast_reviewed_on: 2026-02-30\nextra: {a: [1, 2]}\n---\ntext")

    assert found.values == {"last_reviewed_on": "2026-02-30", "extra": {"a": ["1", "2"]}} and found.body == "text"


def test_a_rule_at_the_top_is_no_front_matter():
    assert front_matter.split("---\nJust prose.\n\n---\nmore").block == ""


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xef\xbb\xbf# T\r\n\r\nx", "utf-8-sig"),
        ("# T\n\nGr\u00f6\u00dfe".encode("latin-1"), "latin-1"),
        ("# T\n\nx".encode("utf-16"), "utf-16"),
        ("# T\n\nx" * 20 and "# T\n\nxyz".encode("utf-16-le"), "utf-16-le"),
        (b"# T\n\n\xff\xfe\x80", "latin-1"),
    ],
)
def test_odd_encodings_are_read_reported_and_go_back_as_they_came(content, encoding):
    page = pages.read("x.md", content, Map({}, {}, set()))

    assert (page.title, page.text.encoding) == ("T", encoding) and page.notes
    if encoding != "utf-16":
        assert texts.write(page.block + page.body, page.text) == content


LINKS = """[one](../redis/down.md#fix) [two](down) [three](/docs/redis/down.html) [four][ref] ![five](../img/a.png) <a href="../redis/">six</a>
[gone](nowhere.md) `[code](nowhere2.md)` {{< ref "down.md" >}} [out](https://x.example/a.md) [same](#here)

[ref]: ../redis/README.md

```
[fenced](nowhere3.md)
```
"""


def test_links_lead_to_pages_here_and_dead_ones_are_reported_with_their_line(folder):
    report = folder(
        {"docs/redis/down.md": "# Down", "docs/redis/README.md": "# R", "docs/img/a.png": b"\x89PNG\r\n\x1a\n", "docs/x/links.md": f"# L\n\n{LINKS}"}
    )

    found = Runbook.objects.get(slug="links").links
    assert found["../redis/down.md#fix"] == "/runbooks/down/#fix"
    assert found["/docs/redis/down.html"] == "/runbooks/down/"
    assert found["../redis/README.md"] == found["../redis/"] == "/runbooks/redis/"
    assert found["../img/a.png"] == "/runbooks/files/ops/docs/img/a.png"
    assert found["nowhere.md"] == ""
    dead = [str(warning) for warning in report.warnings if "leads nowhere" in warning.text]
    assert dead == ["docs/x/links.md:4: link leads nowhere: nowhere.md"]


def test_a_page_shows_its_links_its_images_and_what_is_dead(client, ana, folder):
    folder({"a.md": "# A\n\n[b](b.md) ![p](p.png) [gone](x/y.md)", "b.md": "# B", "p.png": b"\x89PNG\r\n\x1a\n rest"})
    client.force_login(ana)

    page = client.get("/runbooks/a/").content.decode()
    image = client.get("/runbooks/files/ops/p.png")

    assert 'href="/runbooks/b/"' in page and 'src="/runbooks/files/ops/p.png"' in page and "dead link" in page
    assert (image["Content-Type"], image["X-Content-Type-Options"]) == ("image/png", "nosniff")


def test_what_claims_to_be_an_image_is_not_served(client, ana, folder):
    folder({"p.png": b"<svg onload=alert(1)>"})
    client.force_login(ana)

    assert client.get("/runbooks/files/ops/p.png").status_code == 404


INERT = """Use <pod> in <your-ns>, {{ $labels.pod }} and {% if x %} <%= y %>.

```sh
kubectl logs <pod> -n $NAMESPACE
```

:::{warning}
Careful.
:::

> [!NOTE]
> Said.

[[_TOC_]]
"""


def test_templates_and_blanks_of_other_tools_are_text(client, ana, folder):
    folder({"a.md": f"# A\n\n{INERT}"})
    client.force_login(ana)

    page = client.get("/runbooks/a/").content.decode()

    for shown in (
        "&lt;pod&gt; in &lt;your-ns&gt;",
        "{{ $labels.pod }} and {% if x %} &lt;%= y %&gt;",
        "<strong>Warning</strong>",
        "<strong>Note</strong>",
    ):
        assert shown in page
    assert "TOC" not in page and ":::" not in page


def test_code_is_presented_as_it_stands():
    source = "1. Do\n\n   ````md\n   ```\n   <pod> [x](y.md)\n   ```\n   ````\n\n~~~\nnever closed <x>"

    assert "<pod> [x](y.md)" in presented(source, {"y.md": ""}) and "never closed <x>" in presented(source)


def test_an_update_keeps_the_address_and_raises_the_version(folder):
    folder({"a.md": "# A\n\n## One\n\nold"})
    section = Section.objects.get(anchor="one").pk

    report = folder({"a.md": "# A\n\n## One\n\nnew"})

    assert report.files["a.md"][0] == "updated"
    assert (Runbook.objects.get().version, Section.objects.get(anchor="one").pk, Section.objects.get(anchor="one").body) == (2, section, "new")
    assert [hit.url for hit in find("new", user=None).hits] == ["/runbooks/a/#one"]


def test_what_was_edited_here_is_a_conflict_and_not_overwritten(folder, ana, noon):
    folder({"a.md": "# A\n\nold"})
    runbook = Runbook.objects.get()
    runbook.body = "# A\n\nmine"
    editing.save(runbook, seen=1, by=ana, at=noon)

    report = folder({"a.md": "# A\n\ntheirs"})

    assert report.files["a.md"][0] == "conflict"
    assert Runbook.objects.get().body == "# A\n\nmine"
    assert bytes(SourceFile.objects.get().theirs) == b"# A\n\ntheirs"
    assert folder({}).files["a.md"][0] == "conflict"


def test_a_renamed_file_keeps_its_page_and_a_deleted_one_is_told(folder):
    folder({"a.md": "# A\n\nsame bytes", "b.md": "# B"})
    page = Runbook.objects.get(slug="a").pk

    report = folder({"a.md": None, "b.md": None, "moved/new.md": "# A\n\nsame bytes"})

    assert report.files["moved/new.md"] == ("renamed", "was a.md")
    assert report.files["b.md"][0] == "gone"
    assert Runbook.objects.get(pk=page).source_path == "moved/new.md"
    assert Runbook.objects.filter(slug="b").exists() and SourceFile.objects.get(path="b.md").gone_at


def test_two_files_of_one_name_get_two_addresses_and_nothing_is_merged(folder):
    folder({"redis/down.md": "# Down", "mysql/down.md": "# Down"})

    assert set(Runbook.objects.values_list("slug", flat=True)) == {"down", "redis-down"}


def test_an_imported_page_is_formatted_in_the_background(folder, noon):
    folder({"a.md": "# A\n\n**strong**"})

    due.run("work")

    assert "<strong>strong</strong>" in Section.objects.get().body_html
    assert not Section.objects.filter(body_html_key="").exclude(body="").exists()


def zipped(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    packed.seek(0)
    return packed


def test_a_zip_is_read_within_its_limits(team, noon):
    members = {"a.md": "# A", "../evil.md": "# E", "/abs.md": "# E", "C:/x.md": "# E", "bomb.md": "0" * 4_000_000}

    report = importer.run(sources.named("zip"), files.Archive(zipped(members)), by=None, at=noon)

    assert report.files["a.md"][0] == "imported"
    assert report.files["bomb.md"][0] == "failed"
    assert {outcome for path, (outcome, _) in report.files.items() if path not in {"a.md", "bomb.md"}} == {"skipped"}
    assert Runbook.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"no zip at all"])
def test_what_is_no_zip_is_refused_kindly(content):
    with pytest.raises(Invalid, match="no zip file"):
        files.Archive(io.BytesIO(content))


def test_names_that_lead_out_are_never_read(shared_data, team, noon):
    names = {
        f"{line.strip()}.md"
        for path in (shared_data / "hostile/payloads-all-the-things/traversal").glob("*.txt")
        for line in path.read_text(errors="replace").split("\n")
        if line.strip()
    }
    members = {name: "# x" for name in sorted(names)[:1500] if "\x00" not in name}

    tree = files.Archive(zipped(members))

    assert all(not path.startswith("/") and ".." not in path.split("/") for path in tree.by_path)


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    outside = tmp_path.parent / "outside.md"
    outside.write_text("# Secret")
    (tmp_path / "link.md").symlink_to(outside)

    report = folder({"a.md": "# A"})

    assert report.files["link.md"][0] == "failed" and not Runbook.objects.filter(title="Secret").exists()


def test_the_commit_of_a_git_work_tree_is_kept(tmp_path, team, noon):
    (tmp_path / "a.md").write_text("# A")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, capture_output=True)

    report = importer.run(sources.named("git", str(tmp_path)), files.tree_of(tmp_path), by=None, at=noon)

    assert len(report.commit) == 40 and set(report.files) == {"a.md"}
    assert RunbookSource.objects.get().kind == "git"


def test_a_source_whose_hours_are_over_is_imported_again(folder, tmp_path, noon):
    folder({"a.md": "# A"})
    RunbookSource.objects.update(every_hours=1)
    (tmp_path / "b.md").write_text("# B")

    from datetime import timedelta

    assert sources.import_due(noon + timedelta(minutes=30)) == []
    [report] = sources.import_due(noon + timedelta(hours=1))

    assert report.files["b.md"][0] == "imported"


def test_the_command_reports_and_refuses_kindly(tmp_path, team):
    (tmp_path / "a.md").write_text("# A\n\n[gone](nope.md)")
    out = StringIO()

    call_command("import_runbooks", str(tmp_path), source="ops", stdout=out)

    assert "a.md:3: link leads nowhere: nope.md" in out.getvalue() and "1 files: 1 imported; 1 warnings" in out.getvalue()
    with pytest.raises(CommandError, match="is no folder"):
        call_command("import_runbooks", str(tmp_path / "none"), source="ops")
    with pytest.raises(CommandError, match="no name for a source"):
        call_command("import_runbooks", str(tmp_path), source="No Name")
    out = StringIO()
    call_command("import_runbooks", str(tmp_path), source="ops", json=True, stdout=out)
    assert json.loads(out.getvalue())["files"] == {"a.md": ["unchanged", ""]}


def test_a_page_longer_than_the_editor_takes_is_kept_and_shown(client, ana, folder, settings):
    folder({"long.md": "# Long\n\n" + "## S\n\nword word\n\n" * 6000})
    client.force_login(ana)

    assert len(Runbook.objects.get().body) > settings.MARKDOWN_LIMIT
    assert client.get(reverse("runbook-detail", kwargs={"slug": "long"})).status_code == 200


@pytest.mark.shared_data
def test_the_whole_corpus_comes_in_and_again_changes_nothing(shared_data, team, noon):
    corpus = shared_data / "corpus"
    source = sources.named("corpus", str(corpus))

    first = importer.run(source, files.tree_of(corpus), by=None, at=noon)
    second = importer.run(source, files.tree_of(corpus), by=None, at=noon)

    assert set(first.files) == {str(path.relative_to(corpus)) for path in corpus.rglob("*") if path.is_file()}
    assert "failed" not in first.counts() and first.counts()["imported"] > 300
    assert second.changed() == 0


@pytest.mark.shared_data
def test_every_case_of_front_matter_is_read_or_refused_with_a_line(shared_data):
    import yaml

    for path in sorted((shared_data / "hostile/yaml-test-suite/src").glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            text = (
                str(case.get("yaml", ""))
                .replace("␣", " ")
                .replace("»", "\t")
                .replace("—", "")
                .replace("↵", "")
                .replace("∎", "")
                .replace("⇔", "\ufeff")
            )
            found = front_matter.split(f"---\n{text}\n---\nBody.")

            assert found.block + found.body == f"---\n{text}\n---\nBody."
            assert all(line >= 1 for line, _ in found.notes)


def test_formatting_again_asks_for_nothing_twice(folder, noon):
    folder({"a.md": "# A\n\nx"})
    formatting.later(noon)

    from portal.models import Due

    assert Due.objects.filter(kind=formatting.DUE).count() == 1
