from django.db import migrations


def lay_out(apps, schema_editor):
    """SQLite: an FTS5 table. PostgreSQL: a vector column with its index, and trigrams over the words."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        schema_editor.execute("ALTER TABLE search_searchdocument ADD COLUMN vector tsvector NOT NULL DEFAULT ''::tsvector")
        schema_editor.execute("CREATE INDEX search_vector ON search_searchdocument USING gin (vector)")
        schema_editor.execute("CREATE INDEX search_word_trigrams ON search_searchword USING gin (word gin_trgm_ops)")
    else:
        schema_editor.execute(
            "CREATE VIRTUAL TABLE search_fts USING fts5(title, names, body, tokenize = 'porter unicode61 remove_diacritics 2')"
        )


def take_away(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX search_word_trigrams")
        schema_editor.execute("ALTER TABLE search_searchdocument DROP COLUMN vector")
    else:
        schema_editor.execute("DROP TABLE search_fts")


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [migrations.RunPython(lay_out, take_away)]
