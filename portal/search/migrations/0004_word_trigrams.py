from django.db import migrations

# Over an expression: over the bare column the planner would take it for equality too, which is slow.
BARE = "CREATE INDEX search_word_trigrams ON search_searchword USING gin (word gin_trgm_ops)"
EXPRESSION = "CREATE INDEX search_word_trigrams ON search_searchword USING gin ((word || '') gin_trgm_ops)"


def _made(how):
    def make(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute("DROP INDEX search_word_trigrams")
            schema_editor.execute(how)

    return make


class Migration(migrations.Migration):
    dependencies = [("search", "0003_stems")]
    operations = [migrations.RunPython(_made(EXPRESSION), _made(BARE))]
