"""What we learn: postmortems and the action items that come of them."""

from postmortems.models.action_item import ActionItem, Reminder
from postmortems.models.postmortem import ImportedEntry, Postmortem, Recurrence, Review, Section, Tag

__all__ = ["ActionItem", "ImportedEntry", "Postmortem", "Recurrence", "Reminder", "Review", "Section", "Tag"]
