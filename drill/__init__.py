"""Prove, every night, that cloud databases can be recovered."""

__version__ = "0.1.0"
