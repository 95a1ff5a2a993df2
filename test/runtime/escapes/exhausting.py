"""A flood of small messages: the host's memory must not grow with it."""

import os

from attempt import attempt


@attempt
def exhausting_messages():
    fd = os.open('/dev/backprop_wire', os.O_WRONLY)
    for _ in range(300_000):
        os.write(fd, b'x')
