"""What the reader sees, as plain values: every number and every verdict is made here."""
