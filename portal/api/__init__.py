"""The API's frame. Packages put their nouns on the router in `AppConfig.ready()`.

`nouns` what every noun shares · `versions` ETag and If-Match · `idempotency` a POST sent twice acts once ·
`documents` the OpenAPI schema · `reading` its page.
"""

from __future__ import annotations

from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.include_format_suffixes = False  # one address for one thing
