"""Exposure: sessions, days and the load they carry."""
