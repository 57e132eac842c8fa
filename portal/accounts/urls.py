"""Sign-in, sign-out and everything about one's own account: allauth's flows under our templates, which read and post only."""

from allauth.account import views
from django.urls import path, re_path
from django.views.decorators.http import require_http_methods

FROM_KEY = "account_reset_password_from_key"
page = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("login/", page(views.login), name="account_login"),
    path("logout/", page(views.logout), name="account_logout"),
    path("password/change/", page(views.password_change), name="account_change_password"),
    path("password/reset/", page(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", page(views.password_reset_done), name="account_reset_password_done"),
    path("password/reset/key/done/", page(views.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    # The first dash ends the user's part; the key has dashes of its own.
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", page(views.password_reset_from_key), name=FROM_KEY),
    path("inactive/", page(views.account_inactive), name="account_inactive"),
    path("reauthenticate/", page(views.reauthenticate), name="account_reauthenticate"),
]
