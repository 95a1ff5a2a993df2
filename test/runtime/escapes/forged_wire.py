"""Sends bytes in the tracer's name, then breaks the tracer and the harness."""

import os
import struct
import sys

from attempt import attempt


@attempt
def forged_wire():
    fd = os.open('/dev/backprop_wire', os.O_WRONLY)
    os.write(fd, b'\xff' * 100_000)
    os.write(fd, b'')


@attempt
def forged_drafts():
    fd = os.open('/dev/backprop_draft', os.O_WRONLY)
    for length in (0xFFFFFFFF, 1 << 20, 3):
        os.write(fd, struct.pack('<IIBI', 1, 0, 1, length))
        os.write(fd, b'\xff' * 1000)


@attempt
def break_the_tracer():
    for name, module in list(sys.modules.items()):
        if name.startswith(('backprop', 'json')):
            for key in list(vars(module)):
                if callable(getattr(module, key)) and not key.startswith('__'):
                    setattr(module, key, lambda *a, **k: 1 / 0)


@attempt
def clear_the_importer():
    sys.meta_path.clear()
    sys.path_hooks.clear()
    sys.path.clear()
