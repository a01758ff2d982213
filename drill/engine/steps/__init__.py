"""The acts of a drill, one file a state; each does one short step and says when to look again."""
