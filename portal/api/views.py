"""The schema over HTTP, for whoever may use the API: JSON with `?format=json`, YAML otherwise."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView

from portal.accounts.permissions import SignedInWithScope
from portal.api.documents import KeptGenerator

schema = SpectacularAPIView.as_view(generator_class=KeptGenerator, permission_classes=[SignedInWithScope])
