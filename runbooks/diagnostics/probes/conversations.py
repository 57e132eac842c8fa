"""One conversation of an agent: how long it is, who said how much, and its last words."""

from __future__ import annotations

import json
from typing import Any

from runbooks.diagnostics.parameters import Words
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.probes.redis_client import connected, text
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result, shown

CONVERSATION = "conversation:{id}"  # list: one JSON object a message, oldest first
PAGE = 500  # messages in one answer
AT_MOST = 100_000  # messages read
SAMPLES = 5  # the last ones
SAMPLE = 200  # characters of each
CHARACTERS_A_TOKEN = 4  # a rule of thumb for English text; the number is an estimate

DOCUMENT = {
    "type": "object",
    "properties": {
        "total_messages": {"type": "integer", "minimum": 0},
        "user_messages": {"type": "integer", "minimum": 0},
        "assistant_messages": {"type": "integer", "minimum": 0},
        "estimated_tokens": {"type": "integer", "minimum": 0},
        "sample_messages": {
            "type": "array",
            "items": {"type": "object", "properties": {"role": {"type": "string"}, "content": {"type": "string"}}, "required": ["role", "content"]},
        },
    },
    "required": ["total_messages", "user_messages", "assistant_messages", "estimated_tokens", "sample_messages"],
    "additionalProperties": False,
}


def analyze(place: Place, parameters: dict[str, Any]) -> Result:
    key = place.option("conversation", CONVERSATION).replace("{id}", parameters["conv-id"])
    roles: dict[str, int] = {}
    characters, unreadable, samples = 0, 0, list[dict[str, str]]()
    with connected(place) as client:
        length = int(client.llen(key))
        for start in range(0, min(length, AT_MOST), PAGE):
            for raw in client.lrange(key, start, start + PAGE - 1):
                role, content = _read(raw)
                unreadable += role == ""
                roles[role] = roles.get(role, 0) + 1
                characters += len(content)
                samples = [*samples[1 - SAMPLES :], {"role": role or "unreadable", "content": text(content)[:SAMPLE]}]
    document = {
        "total_messages": length,
        "user_messages": roles.get("user", 0),
        "assistant_messages": roles.get("assistant", 0),
        "estimated_tokens": -(-characters // CHARACTERS_A_TOKEN),
        "sample_messages": samples,
    }
    finding = f"{length} messages, about {document['estimated_tokens']:,} tokens" if length else "There is no conversation of that id"
    if unreadable:
        finding += f"; {unreadable} could not be read"
    return Result(
        finding=finding,
        severity="ok" if length and not unreadable else "warn",
        text=shown(document),
        columns=["role", "messages"],
        rows=[[role or "unreadable", count] for role, count in sorted(roles.items())],
        numbers={name: value for name, value in document.items() if isinstance(value, int)},
        figure="estimated_tokens",
        document=document,
        next_step="" if length else "See whether the id is right, and whether it has expired. The layout is in docs/jobs-in-redis.md.",
    )


def _read(raw: Any) -> tuple[str, str]:
    """Role and content; ("", the raw text) for what is no message."""
    try:
        message = json.loads(raw)
        role, content = message["role"], message["content"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", str(raw)
    return str(role), content if isinstance(content, str) else json.dumps(content)


ANALYZE_CONV = Diagnostic(
    slug="analyze-conv",
    title="Analyse a conversation",
    about="How long a conversation is, who said how much, and its last messages.",
    icon="message-square",
    kind="reads",
    needs=("redis",),
    timeout=20,
    parameters=(Words("conv-id", "Conversation", longest=120, pattern=r"[\w.@:+-]+", example="user123"),),
    probe=analyze,
    document=DOCUMENT,
)
