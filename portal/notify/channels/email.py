"""E-mail. The message's id travels in the text and as a header, so that a person sees that two copies are one."""

from __future__ import annotations

import smtplib
import unicodedata
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage

from portal.notify.channels import ChannelError

if TYPE_CHECKING:
    from portal.notify.models import Message

BIDI_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def clean_header(text: str) -> str:
    """One line of at most 150 characters: control characters become spaces, marks that turn the reading direction are dropped.

    Without it a newline in an alert's name would raise, and the page would never be sent.
    """
    text = text.translate(BIDI_MARKS)
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in text).split())[:150]


class Email:
    label = "e-mail"

    def send(self, message: Message) -> str:
        address = message.method.address if message.method else message.recipient.email
        if not address:
            raise ChannelError("no e-mail address is known", permanent=True)
        reference = f"<standby-{message.pk}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"
        prefix = "DRILL: " if message.practice else ""
        mail = EmailMessage(
            subject=clean_header(prefix + message.subject),
            body=f"{message.body}\n\n--\nmessage {message.pk}\n",
            to=[address],
            headers={"Message-ID": reference, "X-Standby-Message": str(message.pk), "Auto-Submitted": "auto-generated"},
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as refusal:
            [(code, text), *_] = refusal.recipients.values()
            raise ChannelError(_said(code, text), permanent=500 <= code < 600, code=str(code)) from refusal
        except smtplib.SMTPResponseException as refusal:
            code = refusal.smtp_code
            raise ChannelError(_said(code, refusal.smtp_error), permanent=500 <= code < 600 and code != 530, code=str(code)) from refusal
        except (smtplib.SMTPException, OSError) as trouble:
            raise ChannelError(f"the mail server did not answer ({type(trouble).__name__})") from trouble
        return reference


def _said(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"the mail server said {code} {said}"[:280]
