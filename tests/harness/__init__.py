"""Whatever happens between two steps: one restore at most, nothing left, one final record."""
