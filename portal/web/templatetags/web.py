"""Tags of every page: icons, severities, people, times."""

from __future__ import annotations

from django import template

register = template.Library()
