"""Simulators with known truth; everything they make is labelled simulated."""
