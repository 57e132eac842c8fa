from django.db import migrations, models


def forget(apps, schema_editor):
    """Documents and words are derived: `manage.py reindex`, or the next start, lays them out anew."""
    apps.get_model("search", "SearchDocument").objects.all().delete()
    apps.get_model("search", "SearchWord").objects.all().delete()


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TABLE search_fts")


def make_again(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute(
            "CREATE VIRTUAL TABLE search_fts USING fts5(title, names, body, tokenize = 'porter unicode61 remove_diacritics 2')"
        )


def lay_out(apps, schema_editor):
    """SQLite: an FTS5 table over the stems that the documents hold, and one over the letters of words. PostgreSQL has its vector already."""
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute(
            "CREATE VIRTUAL TABLE search_fts USING fts5(head, tail, facets, content='search_searchdocument', content_rowid='id', tokenize='unicode61')"
        )
        schema_editor.execute("CREATE VIRTUAL TABLE search_letters USING fts5(letters, content='', tokenize='trigram')")


def take_away(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TABLE search_fts")
        schema_editor.execute("DROP TABLE search_letters")


class Migration(migrations.Migration):
    dependencies = [("search", "0002_full_text")]
    operations = [
        migrations.RunPython(forget, forget),
        migrations.RunPython(drop, make_again),
        migrations.RemoveIndex(model_name="searchdocument", name="search_by_group"),
        migrations.RemoveIndex(model_name="searchdocument", name="search_by_access"),
        migrations.RemoveIndex(model_name="searchword", name="search_word_by_length"),
        migrations.RemoveField(model_name="searchword", name="length"),
        migrations.AddField("searchdocument", "part", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("searchdocument", "section", models.CharField(blank=True, max_length=300, default=""), preserve_default=False),
        migrations.AddField("searchdocument", "head", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("searchdocument", "tail", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("searchdocument", "facets", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("searchdocument", "length", models.PositiveIntegerField(default=0)),
        migrations.AddField("searchword", "stem", models.CharField(db_index=True, max_length=64, default=""), preserve_default=False),
        migrations.AddField("searchword", "documents", models.PositiveIntegerField(default=1)),
        migrations.AddIndex("searchdocument", models.Index(fields=["group", "part"], name="search_by_group")),
        migrations.AddIndex(
            "searchdocument", models.Index(condition=models.Q(("access", ""), _negated=True), fields=["access"], name="search_by_access")
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.CharField(help_text="Words or short phrases that mean the same, with = between them.", max_length=400, unique=True)),
            ],
            options={"ordering": ["words"]},
        ),
        migrations.RunPython(lay_out, take_away),
    ]
