"""The frame's own rows: what is due, and the journal."""

from portal.models.due import Due
from portal.models.journal import Entry

__all__ = ["Due", "Entry"]
