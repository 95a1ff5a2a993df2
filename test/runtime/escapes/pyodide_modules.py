"""Ways out through Pyodide's own modules and the JavaScript objects behind them."""

import asyncio
import sys

from attempt import attempt, canary, is_proxy, outside, port, proxies


@attempt
def import_js():
    import js

    return outside(js)


@attempt
def import_pyodide_js():
    import pyodide_js

    return pyodide_js


@attempt
def import_js_by_importlib():
    import importlib

    importlib.invalidate_caches()
    return importlib.import_module('js')


@attempt
def js_finder():
    return [finder for finder in sys.meta_path if hasattr(finder, 'jsproxies')] or None


@attempt
def js_finder_by_gc():
    import gc

    for thing in gc.get_objects():
        if type(thing).__name__ == 'JsFinder':
            return [outside(proxy) for proxy in thing.jsproxies.values()] or None


@attempt
def register_js_module_again():
    from _pyodide._importhook import register_js_module

    register_js_module('js2', sys.modules['pyodide'])
    import js2

    return outside(js2)


@attempt
def run_js():
    from pyodide.code import run_js

    return run_js('1 + 1')


@attempt
def run_js_process():
    from pyodide.code import run_js

    return run_js('globalThis.process.pid')


@attempt
def core_attributes():
    import _pyodide_core

    for name in dir(_pyodide_core):
        found = outside(getattr(_pyodide_core, name))
        if found:
            return name, found


@attempt
def every_proxy_by_name():
    for proxy in proxies():
        found = outside(proxy)
        if found:
            return found


@attempt
def every_proxy_makes_code():
    for proxy in proxies():
        try:
            return proxy.constructor.constructor('return 1')()
        except Exception:
            pass


@attempt
def every_proxy_makes_async_code():
    for proxy in proxies():
        for path in ('then.constructor', 'constructor.constructor.prototype.constructor', '__proto__.constructor.constructor'):
            thing = proxy
            try:
                for name in path.split('.'):
                    thing = getattr(thing, name)
                return thing('return globalThis')()
            except Exception:
                pass


@attempt
def every_proxy_walked():
    """Follows the own properties of every JavaScript object, three deep."""
    seen = 0
    waiting = [(proxy, 0) for proxy in proxies()]
    while waiting and seen < 5000:
        thing, depth = waiting.pop()
        seen += 1
        found = outside(thing)
        if found:
            return found
        if depth < 3:
            for name in dir(thing):
                if not name.startswith('__'):
                    try:
                        value = getattr(thing, name)
                    except Exception:
                        continue
                    if 'JsProxy' in str(type(value).__mro__):
                        waiting.append((value, depth + 1))


@attempt
def timers_lead_to_node():
    for proxy in proxies():
        try:
            timer = proxy.runtimeEnv and proxy.scheduleCallback(lambda: None, 1000)
        except Exception:
            continue
        if timer is not None and is_proxy(timer):
            return timer


@attempt
def global_object():
    for proxy in proxies():
        for name in ('globalThis', 'self', 'global', 'window'):
            try:
                found = outside(getattr(proxy.constructor.constructor, name)) or outside(getattr(proxy, name))
            except Exception:
                continue
            if found:
                return found


@attempt
def file_systems_of_the_module():
    for proxy in proxies():
        try:
            kinds = proxy.FS.filesystems
            return kinds.NODEFS
        except Exception:
            pass


@attempt
def to_js_objects():
    from pyodide.ffi import to_js

    made = to_js({'a': [1]})
    return outside(made) or outside(made.constructor)


@attempt
def to_js_function():
    from pyodide.ffi import create_proxy

    made = create_proxy(lambda: 1)
    return made.constructor.constructor('return process')()


@attempt
def js_exception():
    from pyodide.ffi import JsException

    try:
        from pyodide.code import run_js

        run_js('(')
    except JsException as error:
        return outside(error) or error.constructor.constructor('return 1')()


@attempt
def call_sites():
    """`Error.prepareStackTrace` sees the functions on the stack, and through them what they hold."""
    from pyodide.ffi import create_proxy, to_js

    error = to_js([]).constructor.constructor.prototype.constructor
    got = []
    error.prepareStackTrace = create_proxy(lambda e, sites: got.extend(site.getFunction() for site in sites))
    return [outside(f) for f in got if f is not None] or None


@attempt
def pyfetch():
    from pyodide.http import pyfetch

    loop = asyncio.new_event_loop()
    return loop.run_until_complete(pyfetch(f'http://127.0.0.1:{port}/'))


@attempt
def open_url():
    from pyodide.http import open_url

    return open_url(f'http://127.0.0.1:{port}/').read()


@attempt
def web_loop():
    import pyodide.webloop as webloop

    found = [outside(getattr(webloop, name)) for name in dir(webloop)]
    return [one for one in found if one] or None


@attempt
def load_package():
    import pyodide_js

    return pyodide_js.loadPackage(f'http://127.0.0.1:{port}/x.whl')


@attempt
def micropip():
    import micropip

    return micropip


@attempt
def frames_above():
    frame, found = sys._getframe(), []
    while frame:
        found += [outside(value) for value in [*frame.f_locals.values(), *frame.f_globals.values()]]
        frame = frame.f_back
    return [one for one in found if one] or None


@attempt
def host_module():
    import _host

    return _host


@attempt
def pollute_prototypes():
    from pyodide.ffi import to_js

    prototype = to_js([]).__proto__.__proto__
    prototype.files = canary
    return None
