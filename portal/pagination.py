"""Pages of the API: at most 100 rows each, by an opaque cursor, the same cost at any depth."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    page_size = 50
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "-pk"
