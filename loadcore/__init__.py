"""The load core: arrays in, arrays out, from inertial samples to tissue load per step."""
