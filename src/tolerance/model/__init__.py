"""What tissues tolerate: priors, load filters, the capacity model, prediction, updates."""
