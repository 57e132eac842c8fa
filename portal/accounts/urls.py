"""Sign-in, sign-out and everything about one's own account: allauth's flows under our templates, which read and post only.

What is not listed is not reachable: signing up, changing one's own address, one-time codes by mail, social accounts.
"""

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import path, re_path
from django.views.decorators.http import require_http_methods

from portal.accounts import oidc
from portal.accounts.invitation_views import invitation
from portal.accounts.views import to_profile

FROM_KEY = "account_reset_password_from_key"
page = require_http_methods(["GET", "HEAD", "POST"])
read = require_http_methods(["GET", "HEAD"])

urlpatterns = [
    path("login/", page(views.login), name="account_login"),
    path("logout/", page(views.logout), name="account_logout"),
    path("password/change/", page(views.password_change), name="account_change_password"),
    path("password/set/", page(views.password_set), name="account_set_password"),
    path("password/reset/", page(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", page(views.password_reset_done), name="account_reset_password_done"),
    path("password/reset/key/done/", page(views.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    # The first dash ends the user's part; the key has dashes of its own.
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", page(views.password_reset_from_key), name=FROM_KEY),
    path("inactive/", page(views.account_inactive), name="account_inactive"),
    path("reauthenticate/", page(views.reauthenticate), name="account_reauthenticate"),
    path("invitation/<str:token>/", page(invitation), name="invitation"),
    # The second factor. Where allauth goes back to lists of its own, the profile shows them.
    path("second-factor/", read(to_profile), name="mfa_index"),
    path("second-factor/passkeys/", read(to_profile), name="mfa_list_webauthn"),
    path("second-factor/authenticate/", page(mfa.authenticate), name="mfa_authenticate"),
    path("second-factor/reauthenticate/", page(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("second-factor/app/add/", page(totp.activate_totp), name="mfa_activate_totp"),
    path("second-factor/app/remove/", page(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("second-factor/codes/", read(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("second-factor/codes/new/", page(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("second-factor/codes/download/", read(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("second-factor/passkeys/add/", page(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("second-factor/passkeys/reauthenticate/", page(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("second-factor/passkeys/<int:pk>/remove/", page(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("second-factor/passkeys/<int:pk>/edit/", page(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path("passkey/", page(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("oidc/<str:provider_id>/login/", read(oidc.begin), name="openid_connect_login"),
    path("oidc/<str:provider_id>/login/callback/", read(oidc.finish), name="openid_connect_callback"),
]
