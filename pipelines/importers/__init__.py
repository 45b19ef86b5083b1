"""Readers of recordings in other formats."""
