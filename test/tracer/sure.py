"""Tells what the code alone tells of scripts: `sure.py SCRIPT …` prints, for each, whether it is beyond doubt."""

import json
import os
import sys

from drive import tracer

tracer()
from backprop_tracer.modules import Capture  # noqa: E402


def is_sure(script):
    capture = Capture(lambda data: None, 1000, [os.path.dirname(script)])
    capture.read(script)
    capture.program.solve()
    return capture.program.is_sure()


print(json.dumps([is_sure(os.path.abspath(script)) for script in sys.argv[1:]]))
