"""What we learn: postmortems and the action items that come of them."""

from postmortems.models.action_item import ActionItem, Reminder
from postmortems.models.postmortem import Postmortem, Section

__all__ = ["ActionItem", "Postmortem", "Reminder", "Section"]
