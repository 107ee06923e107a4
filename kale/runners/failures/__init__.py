"""How a step failed, told in terms of the author's notebook."""
