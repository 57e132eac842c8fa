"""The public status page: frozen facts, rendered into files that stand when the portal does not."""
