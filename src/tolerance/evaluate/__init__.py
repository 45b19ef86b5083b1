"""Evaluation: event matching, scores and agreement with references."""
