"""What is open and dated gets its place on the ladder; reminders say whom they told."""

from datetime import timedelta

from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    items = apps.get_model("postmortems", "ActionItem").objects
    items.filter(due_on__isnull=False).update(dated_at=F("created_at"))
    items.filter(status__in=["open", "in_progress"], due_on__isnull=False).update(next_reminder_at=F("created_at"))
    items.filter(status="done").update(next_reminder_at=F("created_at"))
    for item in items.filter(status="done", verify_by=None):
        item.verify_by = (item.finished_at + timedelta(days=30)).date()
        item.save(update_fields=["verify_by"])
    reminders = apps.get_model("postmortems", "Reminder").objects
    for reminder in reminders.select_related("message", "item"):
        reminder.person_id = reminder.message.recipient_id if reminder.message else reminder.item.owner_id
        reminder.waits = False
        reminder.save(update_fields=["person", "waits"])
    reminders.filter(person=None).delete()


class Migration(migrations.Migration):
    dependencies = [("postmortems", "0002_reviews_imports_and_ladders")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
