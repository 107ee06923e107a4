"""The process that runs a step's cells, and the servers that fork such processes.

Here everything but the standard library and ipykernel is imported relatively: the package is
also loaded alone, under a private name (see :mod:`.boot`), so that a notebook's code finds
nothing of Kale among its modules.
"""
