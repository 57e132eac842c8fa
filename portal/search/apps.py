from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "portal.search"
    label = "search"

    def ready(self) -> None:
        from portal.search import reindexing, synonyms
        from portal.seeding import chapters

        chapters.put("synonyms", synonyms.lay_out)
        chapters.put("search index", reindexing.lay_out)
