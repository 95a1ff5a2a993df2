"""Speaks to the host in the harness's name: nonsense must end as a crash, never as trust."""

import os

from attempt import attempt


@attempt
def forged_outcome():
    fd = os.open('/dev/backprop_outcome', os.O_WRONLY)
    os.write(fd, b'{"kind": "raised", "error": {"__proto__": {"polluted": true}}, "notices": "x"}')
