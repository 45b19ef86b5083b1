"""One module, one card and one file list per dataset."""
