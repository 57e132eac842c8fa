"""Importing runbooks: files, their texts, front matter, titles and links; one story (`importer`) that writes them down."""
