"""What the user sees of a run: while it goes on, and as a report."""
