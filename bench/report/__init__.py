"""What a run found: results, tables, plots, and what moved since the last one kept."""
