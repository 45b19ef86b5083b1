"""The only code that touches disk, network or the clock."""
