"""Everything that can die does, at random instants; then what was promised is counted."""
