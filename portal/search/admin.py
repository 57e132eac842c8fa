"""The trade's synonyms, as lines that administrators edit."""

from django.contrib import admin

from portal.search.models import Synonym
from portal.web.admin import PolicyAdmin


@admin.register(Synonym)
class SynonymAdmin(PolicyAdmin):
    list_display = ["words"]
    search_fields = ["words"]

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return self.has_change_permission(request, obj)
