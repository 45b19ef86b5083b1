"""The next dose under a stated risk: candidate weeks, limits, plans, published programmes."""
