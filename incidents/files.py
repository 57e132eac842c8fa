"""Pictures and files of a timeline: checked by what they are, not by what they say; pictures are encoded anew."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from PIL import Image, UnidentifiedImageError

from incidents import timeline
from incidents.models import Attachment, Incident
from portal.errors import Invalid

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.models import Entry

LARGEST = 10 * 1024 * 1024  # bytes
MOST_PIXELS = 25_000_000
AT_ONCE = 8  # files with one note
PICTURES = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "WEBP": ("image/webp", "webp")}
ALLOWED = "png, jpeg, webp, pdf and plain text"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept. name: cleaned, with the ending of what it is."""

    name: str
    media_type: str
    content: bytes


def check(name: str, stream: IO[bytes]) -> Checked:
    """Raises: Invalid, too large, or neither picture, PDF nor plain text."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid(f"“{clean_name(name)}” is larger than 10 MB. Shorten it, or link to it.", code="file_too_large")
    if not content:
        raise Invalid(f"“{clean_name(name)}” is empty.", code="file_empty")
    if content.startswith(b"%PDF-"):
        return Checked(_with_ending(name, "pdf"), "application/pdf", content)
    picture = _picture(name, content)
    if picture:
        return picture
    return Checked(_with_ending(name, "txt"), "text/plain", _text(name, content))


def clean_name(name: str) -> str:
    """The last part of a path in one line of at most 100 characters: no control characters, no marks that turn the reading direction."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    return " ".join(kept.split()).strip(". ")[:100] or "file"


def keep(incident: Incident, entry: Entry, found: list[Checked], *, by: User, at: datetime) -> list[Attachment]:
    """Store checked files beside an entry, in the caller's transaction; names on disk are our own."""
    kept = []
    for checked in found:
        digest = hashlib.sha256(checked.content).hexdigest()
        attachment = Attachment(
            incident=incident, entry=entry, name=checked.name, media_type=checked.media_type, size=len(checked.content), sha256=digest
        )
        attachment.added_at, attachment.added_by = at, by
        ending = checked.name.rpartition(".")[2]
        attachment.file.save(f"incidents/{incident.pk}/{uuid.uuid4().hex}.{ending}", ContentFile(checked.content), save=False)
        attachment.save()
        kept.append(attachment)
    return kept


def add(incident: Incident, found: list[Checked], *, by: User, at: datetime) -> Entry:
    """An entry of its own for files without a note, in the caller's transaction."""
    names = ", ".join(checked.name for checked in found)
    entry = timeline.append(incident, kind="file", at=at, by=by, text=f"Added {names}")
    keep(incident, entry, found, by=by, at=at)
    return entry


def _picture(name: str, content: bytes) -> Checked | None:
    """Encoded anew, without what a camera or an editor wrote into it; None: it is no picture. Raises: Invalid, too many pixels or broken."""
    try:
        with Image.open(io.BytesIO(content), formats=list(PICTURES)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid(f"“{clean_name(name)}” has more than 25 megapixels.", code="file_too_large")
            kind = str(image.format)
            image.load()
            return Checked(_with_ending(name, PICTURES[kind][1]), PICTURES[kind][0], _encoded(image, kind))
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise Invalid(f"“{clean_name(name)}” is a broken picture.", code="file_broken") from broken


def _encoded(image: Image.Image, kind: str) -> bytes:
    wanted: dict[str, Any] = {} if kind == "PNG" else {"quality": 88}
    bare = image.convert("RGB") if kind == "JPEG" else image.convert("RGBA") if image.mode not in ("L", "RGB", "RGBA") else image.copy()
    bare.info.clear()
    written = io.BytesIO()
    bare.save(written, kind, **wanted)
    return written.getvalue()


def _text(name: str, content: bytes) -> bytes:
    """Raises: Invalid, it is no UTF-8 text, or text that a browser could take for a page."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as binary:
        raise Invalid(f"“{clean_name(name)}” cannot be kept: {ALLOWED} can.", code="file_kind") from binary
    if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\x1b" for c in text) or re.match(
        r"\s*<(!doctype|html|svg|\?xml)", text, re.IGNORECASE
    ):
        raise Invalid(f"“{clean_name(name)}” cannot be kept: {ALLOWED} can.", code="file_kind")
    return content


def _with_ending(name: str, ending: str) -> str:
    stem = clean_name(name)
    return stem if stem.lower().endswith(f".{ending}") else f"{stem.rpartition('.')[0] or stem}.{ending}"
