"""Writing over the interpreter's own memory: it may break itself, and nothing else."""

import ctypes

from attempt import attempt


@attempt
def wild_memory():
    for address in range(1024, 4_000_000, 4096):
        ctypes.memset(address, 0xAA, 2048)
