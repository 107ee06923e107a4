"""What imports bring in, read without running anything, and how a later step is given it."""
