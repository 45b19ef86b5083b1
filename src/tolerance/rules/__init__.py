"""The rule book: red flags, gates, pain rules, and what a session holds."""
