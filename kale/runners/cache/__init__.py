"""What runs keep: saved values by content, and what each step's result depends on."""
