from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "portal.notify"
    verbose_name = "messages"
    label = "notify"

    def ready(self) -> None:
        from portal import due
        from portal.notify import outbox

        due.register(outbox.SEND, outbox.send, lease=outbox.LEASE, pool="paging")
