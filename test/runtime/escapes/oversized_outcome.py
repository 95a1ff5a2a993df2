"""An end of 80 MB in the harness's name: more than any honest one, so it must not be taken in."""

import os

from attempt import attempt


@attempt
def oversized_outcome():
    fd = os.open('/dev/backprop_outcome', os.O_WRONLY)
    os.write(fd, b' ' * 80_000_000)
