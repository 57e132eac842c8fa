"""Export: the library as Markdown that imports back unchanged, and a static site that needs no server. Both appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from django.template.loader import render_to_string

from portal.errors import Invalid
from portal.search import terms
from portal.shelves import Shelf
from runbooks import formatting
from runbooks.importing import texts
from runbooks.models import Runbook, SourceFile

MARK = ".standby-export"  # a folder with this file in it was written here and may be replaced
STATIC = Path(__file__).resolve().parent / "offline"
# Further pages of the offline site, such as who is on call: name → (title, template, context). From the packages that know.
chapters: Shelf[Callable[[datetime], tuple[str, str, dict[str, Any]]]] = Shelf("chapters of the offline site")


def markdown(folder: Path, now: datetime) -> int:
    """Write every runbook as `<source>/<path>`, images too; how many files. Files that nobody edited here are byte for byte what came in.

    Raises: Invalid, the folder holds something else.
    """
    return _replace(folder, lambda place: sum(1 for path, content in _tree() if _put(place, path, content)), as_link=False)


def _tree() -> Iterator[tuple[str, bytes]]:
    seen: set[int] = set()
    for file in SourceFile.objects.filter(gone_at=None).select_related("source", "runbook").iterator(chunk_size=100):
        yield f"{file.source.slug}/{file.path}", content_of(file)
        if file.runbook_id:
            seen.add(file.runbook_id)
    for runbook in Runbook.objects.exclude(pk__in=seen).select_related("owner").prefetch_related("services", "aliases").iterator(chunk_size=100):
        yield f"standby/{runbook.slug}.md", written(runbook).encode()


def content_of(file: SourceFile) -> bytes:
    """The file as it goes back: its own bytes, or the edited text with its front matter, line ends and encoding."""
    original = bytes(file.content)
    if file.runbook is None or not file.encoding or not file.runbook.edited_here:
        return original
    return texts.write(file.runbook.front_matter + file.runbook.body, texts.read(original))


def written(runbook: Runbook) -> str:
    """A runbook that was written here, as Markdown with front matter."""
    if runbook.front_matter:
        return runbook.front_matter + runbook.body
    values: dict[str, Any] = {"title": runbook.title}
    if runbook.summary:
        values["summary"] = runbook.summary
    if runbook.owner:
        values["owner"] = runbook.owner.email
    if services := [service.slug for service in runbook.services.all()]:
        values["services"] = services
    if alerts := [alias.alertname for alias in runbook.aliases.all()]:
        values["alerts"] = alerts
    if runbook.matchers:
        values["matchers"] = runbook.matchers
    return f"---\n{yaml.safe_dump(values, allow_unicode=True, sort_keys=False)}---\n{runbook.body}"


def _put(folder: Path, path: str, content: bytes) -> bool:
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return True


def site(folder: Path, now: datetime) -> int:
    """Write the offline site: runbooks, cards of who answers, and a search of its own; how many pages. Raises: Invalid."""
    return _replace(folder, lambda place: _write_site(place, now), as_link=True)


def _write_site(folder: Path, now: datetime) -> int:
    index, pages = [], 0
    for runbook in (
        Runbook.objects.select_related("team", "owner")
        .prefetch_related("sections", "services", "aliases")
        .order_by("title", "pk")
        .iterator(chunk_size=50)
    ):
        sections = list(runbook.sections.all())
        for section in sections:
            if section.body and not section.body_html_key:
                section.runbook = runbook
                formatting.format_section(section)
        context = {"runbook": runbook, "sections": sections, "now": now, "root": "../"}
        _put(folder, f"runbooks/{runbook.slug}.html", render_to_string("offline/runbook.html", context).encode())
        names = [alias.alertname for alias in runbook.aliases.all()]
        words = sorted({terms.stem(word) for word in terms.of_body(f"{runbook.title} {' '.join(names)} {runbook.source_path} {runbook.body}")})
        head = sorted({terms.stem(word) for word in terms.of_head(f"{runbook.title} . {' . '.join(names)} . {runbook.source_path}")})
        index.append(
            {
                "slug": runbook.slug,
                "title": runbook.title,
                "summary": runbook.summary,
                "state": runbook.state,
                "head": " ".join(head),
                "words": " ".join(words),
            }
        )
        pages += 1
    extra = []
    for name, chapter in chapters:
        title, template, context = chapter(now)
        _put(folder, f"{name}.html", render_to_string(template, {**context, "title": title, "now": now, "root": ""}).encode())
        extra.append({"name": name, "title": title})
        pages += 1
    _put(folder, "index.html", render_to_string("offline/index.html", {"runbooks": index, "extra": extra, "now": now, "root": ""}).encode())
    _put(
        folder,
        "index.js",
        b"window.LIBRARY = "
        + json.dumps([{k: v for k, v in row.items() if k != "summary"} for row in index]).replace("<", "\\u003c").encode()
        + b";\n",
    )
    for name in ("search.js", "offline.css"):
        shutil.copyfile(STATIC / name, folder / name)
    (folder / "written-at.txt").write_text(f"{now:%Y-%m-%dT%H:%M:%SZ}\n")
    return pages + 1


def _replace(folder: Path, write: Callable[[Path], int], *, as_link: bool) -> int:
    """Written beside, then put in place at once: a reader never sees half. What was there is kept until then."""
    folder = folder.absolute()
    current = folder.resolve() if folder.is_symlink() else folder
    if current.exists() and any(current.iterdir()) and not (current / MARK).exists():
        raise Invalid(f"{folder} holds other files. Give a folder that does not exist yet, or one that an export wrote.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        count = write(fresh)
        (fresh / MARK).write_text("Written by Standby; the next export replaces this folder.\n")
        fresh.chmod(0o755)
        _exchange(fresh, folder) if as_link else _move(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return count


def _move(fresh: Path, folder: Path) -> None:
    """Two renames; the old folder goes only when the new one stands."""
    old = folder.parent / f"{fresh.name}-old"
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(fresh: Path, folder: Path) -> None:
    """By exchanging a link, which is one step: somebody who reads meanwhile sees the old site or the new one."""
    link = folder.parent / f".{folder.name}-next"
    link.unlink(missing_ok=True)
    link.symlink_to(fresh.name)
    old = folder.resolve() if folder.is_symlink() else None
    if folder.exists() and not folder.is_symlink():
        old = folder.parent / f"{fresh.name}-old"
        folder.rename(old)
    os.replace(link, folder)
    if old and old.exists() and old != fresh:
        shutil.rmtree(old, ignore_errors=True)
