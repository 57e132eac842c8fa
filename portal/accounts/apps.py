from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    verbose_name = "People"
    label = "accounts"

    def ready(self) -> None:
        from portal import due, secrets
        from portal.accounts import api, forms, invitations, profile, second_factor
        from portal.api import router
        from portal.web.panels import Panel

        profile.SECTIONS.put("you", Panel("accounts/_you.html", lambda user, now: {"form": forms.You(instance=user)}, column="side", order=10))
        profile.SECTIONS.put("security", Panel("accounts/_security.html", lambda user, now: {"factors": second_factor.of(user)}, order=70))
        profile.SECTIONS.put("sessions", Panel("accounts/_sessions.html", lambda user, now: {}, column="side", order=60))
        secrets.keepers.put(second_factor.KEEPER, secrets.Keeper(second_factor.sealed, second_factor.replace))
        due.register(invitations.MAIL, invitations.mail, lease=invitations.LEASE)
        router.register("users", api.UserViewSet, basename="user")
