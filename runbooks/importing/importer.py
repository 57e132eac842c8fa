"""Import a source: new files become runbooks, changed ones are updated, what was edited here is never overwritten in silence.

In batches, each its own transaction: a stopped import goes on where it was, and running it again changes nothing. Formatting is left
to due rows and to the first reader.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.urls import reverse
from simple_history.utils import bulk_create_with_history

from portal.accounts.models import User
from portal.search import documents, vocabulary
from runbooks import formatting, offline, searching
from runbooks.importing import naming, pages
from runbooks.importing.files import Found, Tree
from runbooks.importing.links import Map
from runbooks.importing.pages import Page
from runbooks.importing.report import Report
from runbooks.models import NamedPlace, Runbook, RunbookAlias, RunbookSource, Section, SourceFile

AT_ONCE = 100  # files in one transaction
Progress = Callable[[int, int], None]  # (files looked at, files in all)


def run(source: RunbookSource, tree: Tree, *, by: User | None, at: datetime, progress: Progress | None = None) -> Report:
    """Bring the library up to date with the tree, and say what was done to each file. Safe to run again."""
    started, report = time.monotonic(), Report(source.slug, tree.commit())
    job = _Import(source, tree, report, by, at)
    job.look()
    for done in job.work():
        if progress:
            progress(done, len(job.found))
    job.miss()
    report.seconds = time.monotonic() - started
    RunbookSource.objects.filter(pk=source.pk).update(commit=report.commit, imported_at=at, report=report.as_json())
    if report.changed():
        formatting.later(at)
        offline.later(at)
    return report


class _Import:
    def __init__(self, source: RunbookSource, tree: Tree, report: Report, by: User | None, at: datetime) -> None:
        self.source, self.tree, self.report, self.by, self.at = source, tree, report, by, at
        self.found: list[Found] = []
        self.hashes: dict[str, str] = {}
        self.slugs: dict[str, str] = {}
        self.map = Map({}, {}, set())
        self.counts: Counter[str] = Counter()

    def look(self) -> None:
        """First pass: every file's hash, its address, and which ones only moved. Holds no contents."""
        self.found = self.tree.listing()
        for found in self.found:
            if found.kind != "other":
                try:
                    self.hashes[found.path] = _hash(self.tree.read(found.path))
                except OSError as trouble:
                    self.report.put(found.path, "failed", str(trouble))
        self._recognise_moves()
        known = dict(self.source.files.exclude(runbook=None).values_list("path", "runbook__slug"))
        taken = set(Runbook.objects.values_list("slug", flat=True))
        for found in self.found:
            if found.kind == "runbook":
                self.slugs[found.path] = known.get(found.path) or naming.address(found.path, taken)
        images = {found.path: file_url(self.source, found.path) for found in self.found if found.kind == "image"}
        addresses = {path: reverse("runbook-detail", kwargs={"slug": slug}) for path, slug in self.slugs.items()}
        self.map = Map(addresses, images, {found.path for found in self.found if found.kind == "other"})

    def _recognise_moves(self) -> None:
        """A file that went, and one of the very same bytes that came, are one file with a new path."""
        stored = dict(self.source.files.values_list("path", "sha256"))
        gone = {digest: path for path, digest in stored.items() if path not in self.hashes}
        for path, digest in self.hashes.items():
            if path not in stored and digest in gone:
                was = gone.pop(digest)
                SourceFile.objects.filter(source=self.source, path=was).update(path=path, gone_at=None)
                Runbook.objects.filter(files__source=self.source, files__path=path).update(
                    source_path=path, called=naming.called(naming.stem_of(path))
                )
                self.report.put(path, "renamed", f"was {was}")

    def work(self) -> Iterator[int]:
        """Second pass, in batches; how many files were looked at so far."""
        for start in range(0, len(self.found), AT_ONCE):
            batch = self.found[start : start + AT_ONCE]
            for found in batch:
                if found.kind == "other":
                    self.report.put(found.path, "skipped", found.why_not)
            readable = [found for found in batch if found.path in self.hashes]
            with transaction.atomic():
                self._batch(readable)
            yield min(start + AT_ONCE, len(self.found))
        vocabulary.add(self.counts)

    def _batch(self, batch: Sequence[Found]) -> None:
        stored = {file.path: file for file in self.source.files.filter(path__in=[found.path for found in batch]).defer("content", "theirs")}
        fresh: list[tuple[Found, bytes]] = []
        for found in batch:
            file = stored.get(found.path)
            if file and file.sha256 == self.hashes[found.path]:
                self._same(file)
                continue
            try:
                content = self.tree.read(found.path)
            except OSError as trouble:
                self.report.put(found.path, "failed", str(trouble))
                continue
            if file:
                self._changed(file, found, content)
            else:
                fresh.append((found, content))
        self._create(fresh)

    def _same(self, file: SourceFile) -> None:
        if file.gone_at:
            SourceFile.objects.filter(pk=file.pk).update(gone_at=None)
        if self.report.files.get(file.path, ("",))[0] == "renamed":
            searching.index(Runbook.objects.get(pk=file.runbook_id)) if file.runbook_id else None
            return
        self.report.put(file.path, "unchanged" if file.encoding else "image")

    def _create(self, fresh: Sequence[tuple[Found, bytes]]) -> None:
        read = [(self._page(found, content), content) for found, content in fresh if found.kind == "runbook"]
        runbooks = [self._runbook(page) for page, _ in read]
        made = (
            bulk_create_with_history(runbooks, Runbook, default_user=self.by, default_change_reason="import", default_date=self.at)
            if runbooks
            else []
        )
        files = [self._file(page.path, content, page.text.encoding, runbook) for (page, content), runbook in zip(read, made, strict=True)]
        files += [self._file(found.path, content, "", None) for found, content in fresh if found.kind == "image"]
        SourceFile.objects.bulk_create(files)
        for found, _ in fresh:
            self.report.put(found.path, "imported" if found.kind == "runbook" else "image", found.why_not)
        both = list(zip([page for page, _ in read], made, strict=True))
        write_derived(both)
        self._name([(runbook, page) for page, runbook in both])
        self._index([runbook.pk for runbook in made])

    def _changed(self, file: SourceFile, found: Found, content: bytes) -> None:
        if found.kind == "image" or file.runbook_id is None:
            SourceFile.objects.filter(pk=file.pk).update(content=content, sha256=self.hashes[found.path], gone_at=None)
            self.report.put(found.path, "image" if found.kind == "image" else "updated")
            return
        runbook = Runbook.objects.select_for_update().get(pk=file.runbook_id)
        if runbook.edited_here:
            SourceFile.objects.filter(pk=file.pk).update(theirs=content, gone_at=None)
            self.report.put(found.path, "conflict", "edited here and in its source; decide on the page")
            return
        page = self._page(found, content)
        take_over(runbook, page, by=self.by, at=self.at)
        kept = {"content": content, "sha256": self.hashes[found.path], "encoding": page.text.encoding, "gone_at": None, "theirs": None}
        SourceFile.objects.filter(pk=file.pk).update(**kept)
        self._index([runbook.pk])
        self.report.put(found.path, "updated")

    def _page(self, found: Found, content: bytes) -> Page:
        page = pages.read(found.path, content, self.map)
        for line, note in page.notes:
            self.report.warn(found.path, line, note)
        return page

    def _runbook(self, page: Page) -> Runbook:
        return Runbook(
            slug=self.slugs[page.path],
            team=self.source.team,
            owner=_owner(page.values),
            source=Runbook.Source.FILE,
            created_at=self.at,
            version=1,
            imported_version=1,
            **_fields(page, self.at),
        )

    def _file(self, path: str, content: bytes, encoding: str, runbook: Runbook | None) -> SourceFile:
        return SourceFile(source=self.source, path=path, content=content, sha256=self.hashes[path], encoding=encoding, runbook=runbook)

    def _name(self, found: Sequence[tuple[Runbook, Page]]) -> None:
        """Alerts that the front matter names (`alerts:`), where no other runbook answers them."""
        wanted = {name: runbook for runbook, page in found for name in _alerts(page.values)}
        if wanted:
            taken = set(RunbookAlias.objects.filter(alertname__in=wanted).values_list("alertname", flat=True))
            RunbookAlias.objects.bulk_create(RunbookAlias(alertname=name, runbook=runbook) for name, runbook in wanted.items() if name not in taken)

    def _index(self, pks: Sequence[int]) -> None:
        searching.index_many(pks, counted=self.counts)

    def miss(self) -> None:
        """Files that are no longer there: their runbooks stay, and say so."""
        present = set(self.hashes) | {found.path for found in self.found}
        for file in self.source.files.filter(gone_at=None).only("path"):
            if file.path not in present:
                SourceFile.objects.filter(pk=file.pk).update(gone_at=self.at)
                self.report.put(file.path, "gone", "no longer in its source; its page stays and says so")


def take_over(runbook: Runbook, page: Page, *, by: User | None, at: datetime) -> None:
    """Store what the file says now as the runbook's next version."""
    for name, value in _fields(page, at).items():
        setattr(runbook, name, value)
    runbook.version += 1
    runbook.imported_version = runbook.version
    runbook.body_html = runbook.body_html_key = ""
    runbook._history_user = by  # type: ignore[attr-defined]
    runbook._change_reason = "import"  # type: ignore[attr-defined]
    runbook.save()
    write_derived([(page, runbook)])


def write_derived(found: Sequence[tuple[Page, Runbook]]) -> None:
    """Sections and named places, not formatted yet. A section keeps its identity while its anchor stays."""
    pks = [runbook.pk for _, runbook in found]
    NamedPlace.objects.filter(runbook__in=pks).delete()
    stored = {(section.runbook_id, section.anchor): section for section in Section.objects.filter(runbook__in=pks)}
    new, changed = [], []
    for page, runbook in found:
        for order, part in enumerate(page.parts, start=1):
            values = {"order": order, "title": part.title, "level": part.level, "kind": part.kind, "body": part.body, "diagnostics": part.diagnostics}
            section = stored.pop((runbook.pk, part.anchor), None)
            if section:
                for name, value in {**values, "body_html": "", "body_html_key": ""}.items():
                    setattr(section, name, value)
                changed.append(section)
            else:
                new.append(Section(runbook=runbook, anchor=part.anchor, **values))
    Section.objects.filter(pk__in=[section.pk for section in stored.values()]).delete()
    Section.objects.bulk_create(new)
    Section.objects.bulk_update(changed, ["order", "title", "level", "kind", "body", "diagnostics", "body_html", "body_html_key"], batch_size=200)
    NamedPlace.objects.bulk_create(
        NamedPlace(runbook=runbook, anchor=anchor, called=naming.called(name)) for page, runbook in found for name, anchor in page.places
    )


def file_url(source: RunbookSource, path: str) -> str:
    return reverse("runbook-file", kwargs={"source": source.slug, "path": path})


def _fields(page: Page, at: datetime) -> dict[str, Any]:
    stored = documents.storable
    return {
        "title": stored(page.title),
        "summary": stored(page.summary),
        "body": stored(page.body),
        "front_matter": stored(page.block),
        "links": {stored(target): address for target, address in page.links.items()},
        "called": naming.called(naming.stem_of(page.path)),
        "source_path": page.path[:300],
        "updated_at": at,
    }


def _owner(values: dict[str, Any]) -> User | None:
    said = values.get("owner")
    return User.objects.filter(email__iexact=said, is_active=True).first() if isinstance(said, str) and "@" in said else None


def _alerts(values: dict[str, Any]) -> list[str]:
    said = values.get("alerts", [])
    listed = said if isinstance(said, list) else [said]
    return [name for name in listed if isinstance(name, str) and 0 < len(name) <= 200]


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
