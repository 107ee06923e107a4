"""What runs leave of themselves, and what later runs make of it."""
