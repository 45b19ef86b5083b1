"""What a clinician and a runner get to read: one content behind every page."""
