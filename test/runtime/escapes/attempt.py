"""An attempt returns what it got hold of outside; raising, or returning None, means that the door is shut."""

import json
import sys

canary, port = sys.argv[1], int(sys.argv[2])


def attempt(function):
    # Before trying: a crash of the interpreter must name the attempt that was its cause.
    print('TRY', function.__name__, flush=True)
    try:
        got = function()
    except BaseException as error:
        got, why = None, type(error).__name__
    else:
        why = 'nothing'
    print('END', json.dumps({'name': function.__name__, 'open': None if got is None else repr(got)[:300], 'why': why}), flush=True)
    return function


def is_proxy(thing):
    return any(kind.__name__ == 'JsProxy' for kind in type(thing).__mro__)


def proxies():
    """Every JavaScript object that the interpreter still holds."""
    import gc

    seen, waiting, found = set(), list(gc.get_objects()), []
    while waiting and len(seen) < 400_000:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if is_proxy(thing):
            found.append(thing)
        waiting.extend(gc.get_referents(thing))
    return found


def outside(thing):
    """The first of Node's or a browser's capabilities that a JavaScript object leads to."""
    if not is_proxy(thing):
        return None
    for name in ('process', 'require', 'fetch', 'WebSocket', 'XMLHttpRequest', 'Buffer', 'Worker', 'importScripts', 'Deno'):
        try:
            got = getattr(thing, name)
        except Exception:
            continue
        if got is not None:
            return name, got
    return None
