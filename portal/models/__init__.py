"""The frame's own rows: what is due, the journal, decisions, and who worked last."""

from portal.models.decision import Decision
from portal.models.due import Due
from portal.models.heartbeat import Heartbeat
from portal.models.journal import Entry

__all__ = ["Decision", "Due", "Entry", "Heartbeat"]
