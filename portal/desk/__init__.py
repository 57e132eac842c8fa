"""The writing desk: long texts saved by version, kept as drafts in the browser, compared, and brought back."""
