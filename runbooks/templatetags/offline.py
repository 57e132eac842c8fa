"""How the offline site shows a section: the stored HTML with links that work without a server."""

from __future__ import annotations

import re

from django import template
from django.utils.safestring import SafeString

from portal.markdown.templatetags.markdown import markdown
from runbooks.models import Section

register = template.Library()
_PAGE = re.compile(r'(href=")/runbooks/([-\w]+)/(#[^"]*)?"')
_ROOTED = re.compile(r'(href|src)="/[^"]*"')


@register.simple_tag
def offline_section(section: Section, root: str) -> str:
    """Links to runbooks lead to their files; what only the portal has is no link here."""
    html = _PAGE.sub(rf'\g<1>{root}runbooks/\g<2>.html\g<3>"', str(markdown(section)))
    return SafeString(_ROOTED.sub('data-was=""', html).replace(' data-was=""', ""))
