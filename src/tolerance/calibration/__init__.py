"""Learning the coefficients that the load core receives as plain arrays."""
