"""The report of a run: results, tables, plots, and changes since the stored ratios."""
