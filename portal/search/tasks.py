"""Counting the library's words now and then: how rare a word is decides how much it tells."""

from celery import shared_task

from portal.search import vocabulary


@shared_task(name="search.recount")
def recount() -> int:
    return vocabulary.recount()
