"""The frame's own rows: what is due, the journal, decisions, answers, who worked last, rare counts, copies, links to read, retention."""

from portal.models.answer import Answer
from portal.models.copies import Copy, Hold
from portal.models.decision import Decision
from portal.models.due import Due
from portal.models.heartbeat import Heartbeat
from portal.models.journal import Entry
from portal.models.resource import Resource
from portal.models.retention import Retention
from portal.models.tally import Tally

__all__ = ["Answer", "Copy", "Decision", "Due", "Entry", "Heartbeat", "Hold", "Resource", "Retention", "Tally"]
