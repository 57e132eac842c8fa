"""What we learn: postmortems and the action items that come of them."""

from postmortems.models.action_item import ActionItem, Reminder
from postmortems.models.desk import Answer, Comment, LeftOut, Picture, Template, TemplateSection
from postmortems.models.insight import DebtWeek, DueFeed, MetricPair, ReadTick
from postmortems.models.postmortem import ImportedEntry, Postmortem, Recurrence, Review, Section, Tag

__all__ = [
    "ActionItem",
    "Answer",
    "Comment",
    "DebtWeek",
    "DueFeed",
    "ImportedEntry",
    "LeftOut",
    "MetricPair",
    "Picture",
    "Postmortem",
    "ReadTick",
    "Recurrence",
    "Reminder",
    "Review",
    "Section",
    "Tag",
    "Template",
    "TemplateSection",
]
