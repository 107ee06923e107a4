"""Loops and conditions: each block of steps is analysed by itself, and the results are joined."""
