"""Postmortems that teams already have: every file accounted for, again is nothing new, out and in again is the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from postmortems import action_items, exporting, reminders, writing
from postmortems.importing import keeping
from postmortems.models import ActionItem, ImportedEntry, Postmortem, Section
from runbooks.importing.files import Folder

pytestmark = pytest.mark.django_db
COLLECTIONS = [
    "mybinder-org-deploy/docs/source/incident-reports",
    "posthog-post-mortems",
    "agrc-status-page/src/content",
    "postmortem-templates/templates",
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "2024-03-13-queue-full.md").write_text(
        "# 2024-03-13 Queue full\n\n## Timeline\n\nAll times in CET\n\n- 14:05 paged\n- 14:20 works\n\n## Root cause\n\nA loop.\n\n"
        "## Action items\n\n- [ ] Add an alert\n- [x] Fix the loop\n"
    )
    (tmp_path / "rules.yml").write_text("groups: []\n")
    (tmp_path / "empty.md").write_text("\n")
    return tmp_path


def bring_in(path, team, noon, source="wiki"):
    return keeping.run(Folder(path), source=source, team=team, at=noon)


def everything():
    return [exporting.to_markdown(found) for found in exporting.with_everything(Postmortem.objects.order_by("slug"))]


def test_a_folder_becomes_postmortems_without_an_incident(folder, platform, noon):
    report = bring_in(folder, platform, noon)

    found = Postmortem.objects.get()
    assert report.files == {
        "2024-03-13-queue-full.md": ("imported", ""),
        "empty.md": ("skipped", "empty"),
        "rules.yml": ("skipped", "not Markdown: .yml (rule files are read by lint_rules)"),
    }
    assert (found.title, found.slug, found.incident, found.status) == ("2024-03-13 Queue full", "2024-03-13-queue-full", None, "published")
    assert found.sections.get(kind="root_cause").body == "A loop."
    assert [entry.at.isoformat() for entry in found.imported_entries.all()] == ["2024-03-13T13:05:00+00:00", "2024-03-13T13:20:00+00:00"]
    assert list(found.action_items.values_list("title", "status")) == [("Add an alert", "open"), ("Fix the loop", "verified")]


def test_nobody_is_chased_for_what_an_old_text_does_not_say(folder, platform, noon):
    bring_in(folder, platform, noon)

    assert reminders.remind(noon + timedelta(days=40)) == 0
    assert ActionItem.objects.filter(owner=None, due_on=None, status="open").count() == 1


def test_a_second_import_changes_nothing(folder, platform, noon):
    bring_in(folder, platform, noon)
    before = everything()

    report = bring_in(folder, platform, noon + timedelta(days=1))

    assert report.counts() == {"unchanged": 1, "skipped": 2}
    assert everything() == before


def test_a_changed_file_is_brought_up_to_date_and_an_edit_made_here_is_a_conflict(folder, platform, noon):
    bring_in(folder, platform, noon)
    file = folder / "2024-03-13-queue-full.md"
    file.write_text(file.read_text().replace("A loop.", "A loop in the worker."))
    assert bring_in(folder, platform, noon).files[file.name] == ("updated", "")

    section = Section.objects.get(kind="root_cause")
    assert section.body == "A loop in the worker."
    writing.save_section(section.pk, "What we know now.", seen=section.version, at=noon)
    file.write_text(file.read_text().replace("in the worker", "in the API"))

    assert bring_in(folder, platform, noon).files[file.name][0] == "conflict"
    assert Section.objects.get(kind="root_cause").body == "What we know now."


def test_an_item_that_was_worked_on_is_an_edit_made_here(folder, platform, ana, noon):
    bring_in(folder, platform, noon)
    action_items.finish(ActionItem.objects.get(status="open").pk, "https://example.org/1", by=ana, at=noon)
    file = folder / "2024-03-13-queue-full.md"
    file.write_text(file.read_text() + "\nMore.\n")

    assert bring_in(folder, platform, noon).files[file.name][0] == "conflict"


def test_what_goes_out_comes_back_the_same_whatever_the_text_holds(folder, platform, noon, tmp_path):
    bring_in(folder, platform, noon)
    section = Section.objects.get(kind="root_cause")
    odd = "## Impact\n<!-- section: impact -->\n\\<!-- section: impact -->\n---\n{{ x }} 'quoted': \"yes\"\n\n\n  indented"
    writing.save_section(section.pk, odd, seen=section.version, at=noon)
    before, out = everything(), tmp_path / "out"
    out.mkdir()
    for number, text in enumerate(before):
        (out / f"{number}.md").write_text(text, encoding="utf-8")
    ActionItem.objects.all().delete()
    Postmortem.objects.all().delete()

    bring_in(out, platform, noon, source="again")

    assert everything() == before
    assert Section.objects.get(kind="root_cause").body == odd


@pytest.mark.shared_data
def test_every_public_postmortem_is_accounted_for_and_comes_back_the_same(shared_data, platform, noon, tmp_path):
    counts = {}
    for collection in COLLECTIONS:
        report = bring_in(shared_data / "corpus" / collection, platform, noon, source=collection.partition("/")[0])
        on_disk = [path for path in (shared_data / "corpus" / collection).rglob("*") if path.is_file()]
        assert len(report.files) == len(on_disk)
        assert "failed" not in report.counts()
        counts[collection] = report.counts()
    print(f"\n{counts}")
    before, out = everything(), tmp_path / "out"
    out.mkdir()
    for number, text in enumerate(before):
        (out / f"{number:03}.md").write_text(text, encoding="utf-8")
    entries = ImportedEntry.objects.count()
    ActionItem.objects.all().delete()
    Postmortem.objects.all().delete()

    bring_in(out, platform, noon, source="again")

    assert everything() == before
    assert ImportedEntry.objects.count() == entries > 250


def test_the_command_reports_each_file(folder, platform, capsys):
    call_command("import_postmortems", str(folder), "--source", "wiki", "--team", platform.slug)

    said = capsys.readouterr().out
    assert "empty.md: skipped (empty)" in said
    assert "wiki: 3 files: 1 imported, 2 skipped; 0 warnings" in said
