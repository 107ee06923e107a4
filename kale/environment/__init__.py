"""What a step needs on another machine: packages, modules of its author, files."""
