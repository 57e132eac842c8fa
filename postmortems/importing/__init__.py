"""Read the postmortems that teams already have. Everything in this folder but `keeping` is pure: text in, dataclasses out."""
