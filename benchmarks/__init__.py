"""One command each: figures are ratios measured in one run, limits that are missed end with 1."""
