"""What the sections of other people's postmortems are called. The longest list of synonyms is no law: unknown headings keep their text."""

from __future__ import annotations

import re

# First match wins. Kinds are those of postmortems.models.Section, and "actions" for action items.
SYNONYMS = [
    (
        "actions",
        r"action items?|actions?( taken)?$|remediation|follow[- ]?ups?|corrective|preventi|preventing|next steps|todo"
        r"|(planned|immediate|short|medium|long)[- ]?(term)? ?(actions|improvements)",
    ),
    ("timeline", r"time ?line|chronology|sequence of events|key events"),
    ("impact", r"impact|scope|affected|stats|customer effect"),
    ("went_well", r"(what )?went well|what worked|positives"),
    ("went_wrong", r"went (wrong|poorly|badly)|did(n.t| not) go well|could have gone better|gone better|needs improvement|what failed"),
    ("lucky", r"lucky|luck"),
    ("surprised", r"surpris"),
    (
        "root_cause",
        r"root[- ]cause|contributing|^causes?$|fault|why did it happen|how did it happen|what happened|analysis|conclusions?|technical problem",
    ),
    ("detection", r"^detect|how (was it|did we) (detect|notic)"),
    ("trigger", r"^trigger"),
    ("resolution", r"resolution|recovery|mitigation|how .*fixed"),
    ("lessons", r"lessons?( |-)learn|takeaways?|insights|learnings|moving forward"),
    ("summary", r"summary|overview|abstract|tl;?dr|background|description|description of"),
    ("supporting", r"supporting|related|references|links|appendix|logs|glossary|notes"),
]
_COMPILED = [(kind, re.compile(pattern, re.I)) for kind, pattern in SYNONYMS]


def kind_of(title: str) -> str | None:
    """The section that a heading names, or None."""
    return next((kind for kind, pattern in _COMPILED if pattern.search(title)), None)
