"""Puts Python in the way of the host's own property reads. The interpreter may hang in its own trap, and is ended then."""

import os

from attempt import attempt, outside, proxies


def constructors():
    from pyodide.ffi import to_js

    array = to_js([])
    prototype = array.__proto__.__proto__
    return array.constructor, prototype.constructor, prototype


def with_accessor(names, act):
    """What `this` is where the host reads one of these names from any object without it, while `act` runs."""
    from pyodide.ffi import create_proxy, to_js

    _, thing, prototype = constructors()
    got = []

    def get(this, *_):
        # A few are enough: making a proxy of `this` reads names, too.
        if len(got) < 20:
            got.append(this)

    for name in names:
        describe = to_js({'get': create_proxy(get, capture_this=True), 'configurable': True}, dict_converter=thing.fromEntries)
        thing.defineProperty(prototype, name, describe)
    try:
        act()
    finally:
        for name in names:
            thing.defineProperty(prototype, name, to_js({'value': None, 'configurable': True}, dict_converter=thing.fromEntries))
    return [one for one in map(outside, got) if one] or None


@attempt
def getters_while_printing():
    # The ring calls a port of Node's when its reader sleeps.
    return with_accessor(('transfer', 'handle', 'domain', 'emit', 'port', 'env', 'then'), lambda: print('x' * 100, flush=True))


@attempt
def getters_while_failing():
    def act():
        try:
            open('/nowhere/x')
        except OSError:
            pass

    return with_accessor(('stack', 'code', 'syscall', 'cause', 'prepareStackTrace', 'node_ops'), act)


@attempt
def getters_while_asking_the_host():
    return with_accessor(('now', 'getRandomValues', 'handler', 'timeout', 'signal'), lambda: (os.urandom(8), __import__('time').time()))


@attempt
def typed_array_methods_replaced():
    """Sees what the ring's writer works on, when it copies output."""
    from pyodide.ffi import create_proxy

    got = []
    for proxy in proxies():
        try:
            kind = proxy.constructor
            if 'Array' in kind.name:
                kind.prototype.subarray = create_proxy(lambda this, *_: got.append(this), capture_this=True)
        except Exception:
            continue
    print('seen', flush=True)
    return [one for one in map(outside, got) if one] or None
