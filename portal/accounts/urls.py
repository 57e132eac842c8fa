"""Sign-in, sign-out and everything about one's own account: allauth's flows under our templates, which read and post only."""

from allauth.account import views
from django.urls import path
from django.views.decorators.http import require_http_methods

page = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("login/", page(views.login), name="account_login"),
    path("logout/", page(views.logout), name="account_logout"),
    path("password/change/", page(views.password_change), name="account_change_password"),
    path("password/reset/", page(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", page(views.password_reset_done), name="account_reset_password_done"),
    path("password/reset/key/<uidb36>-<key>/", page(views.password_reset_from_key), name="account_reset_password_from_key"),
    path("password/reset/key/done/", page(views.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    path("inactive/", page(views.account_inactive), name="account_inactive"),
    path("reauthenticate/", page(views.reauthenticate), name="account_reauthenticate"),
]
