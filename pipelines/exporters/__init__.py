"""Writers of recordings and tables in other formats."""
