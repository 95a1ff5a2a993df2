"""Evaluating JavaScript from C: the interpreter must die of it, not obey."""

import ctypes

from attempt import attempt


@attempt
def run_script():
    function = ctypes.CDLL(None).emscripten_run_script_string
    function.restype = ctypes.c_char_p
    return function(b'globalThis.constructor.name')
