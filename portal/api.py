"""The API's root: packages put their nouns on the router in `AppConfig.ready()`."""

from __future__ import annotations

from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.include_format_suffixes = False  # one address for one thing
