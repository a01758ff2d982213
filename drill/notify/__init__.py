"""Tells people and machines. Nothing here ever changes a verdict, or keeps a drill waiting."""
