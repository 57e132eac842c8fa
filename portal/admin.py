"""The admin shows our own nouns only; rights come from roles and teams, not from groups of permissions."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
