"""Engines: what runs the notebook of a step, in a process or kernel of its own."""
