from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    verbose_name = "People"
    label = "accounts"

    def ready(self) -> None:
        from portal.accounts import forms, profile
        from portal.web.panels import Panel

        profile.SECTIONS.put("you", Panel("accounts/_you.html", lambda user, now: {"form": forms.You(instance=user)}, column="side", order=10))
