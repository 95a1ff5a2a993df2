"""Ways out along the seams between the interpreter and its host: timers, loops, devices, side modules, servers."""

import ctypes
import os
import sys

from attempt import attempt, canary, is_proxy, outside, port


def constructors():
    from pyodide.ffi import to_js

    array = to_js([])
    prototype = array.__proto__.__proto__
    return array.constructor, prototype.constructor, prototype


@attempt
def error_class_leads_to_code():
    from pyodide.ffi import JsException

    try:
        constructors()[0].from_()
    except (JsException, AttributeError) as error:
        return error.constructor.constructor('return globalThis.process')()


@attempt
def structured_errors_of_eval():
    """An EvalError made by another realm would lead to that realm's globals."""
    from pyodide.ffi import JsException, to_js

    function = to_js([]).constructor.constructor
    try:
        function('return 1')
    except JsException as error:
        return outside(error) or outside(error.constructor)


@attempt
def loop_opens_a_connection():
    import asyncio

    return asyncio.run(asyncio.open_connection('127.0.0.1', port))


@attempt
def loop_starts_a_program():
    import asyncio

    return asyncio.run(asyncio.create_subprocess_shell(f'echo changed > {canary}'))


@attempt
def loop_serves():
    import asyncio

    return asyncio.run(asyncio.start_server(print, '127.0.0.1', 0))


@attempt
def server_of_the_library():
    import http.server

    return http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler).server_port


@attempt
def browser():
    import webbrowser

    return webbrowser.open(f'http://127.0.0.1:{port}/') or None


@attempt
def terminal_of_the_host():
    master, slave = os.openpty()
    return master


@attempt
def standard_input_of_the_host():
    return os.read(0, 10) or None


@attempt
def ioctl_of_devices():
    library = ctypes.CDLL(None)
    for path in ('/dev/backprop_wire', '/dev/backprop_outcome', '/dev/stdin', '/dev/tty'):
        try:
            fd = os.open(path, os.O_RDWR)
        except OSError:
            continue
        for request in (0x5401, 0x5413, 0x541B, 0x5412):
            size = ctypes.create_string_buffer(64)
            if library.ioctl(fd, request, size) == 0 and size.raw.strip(b'\0') and request == 0x541B:
                return path, size.raw


@attempt
def reading_the_devices():
    for path in ('/dev/backprop_wire', '/dev/backprop_outcome', '/dev/backprop_draft'):
        try:
            got = os.read(os.open(path, os.O_RDWR), 100)
        except OSError:
            continue
        if got:
            return got


@attempt
def the_request_again():
    return open('/backprop/request.json').read()


def section(number, body):
    return bytes([number]) + leb(len(body)) + body


def leb(number):
    out = b''
    while True:
        number, low = number >> 7, number & 0x7F
        if not number:
            return out + bytes([low])
        out += bytes([low | 0x80])


def named(text):
    return leb(len(text)) + text.encode()


@attempt
def side_module_that_carries_javascript():
    """Emscripten evaluates the text that a library exports as `__em_js__NAME` when it is loaded."""
    text = b'()<::>{ globalThis.escaped = 1; return 1 }\0'
    memory = b'\x01' + leb(4) + leb(len(text)) + leb(0) + leb(0) + leb(0)
    module = b'\0asm\x01\0\0\0' + section(0, named('dylink.0') + memory)
    module += section(2, leb(2) + named('env') + named('memory') + b'\x02\x00\x01' + named('env') + named('__memory_base') + b'\x03\x7f\x00')
    module += section(6, leb(1) + b'\x7f\x00\x41\x00\x0b')
    module += section(7, leb(1) + named('__em_js__escape') + b'\x03' + leb(1))
    module += section(11, leb(1) + b'\x00\x23\x00\x0b' + leb(len(text)) + text)
    with open('/tmp/js.so', 'wb') as f:
        f.write(module)
    library = ctypes.CDLL('/tmp/js.so')
    return library.escape()


@attempt
def modules_of_node_by_name():
    for name in ('node:fs', 'fs', 'child_process', 'node:worker_threads', 'ws'):
        try:
            return __import__(name)
        except ImportError:
            continue


@attempt
def frames_of_the_importer():
    """An audit hook sees the arguments of what the interpreter does for its host."""
    got = []
    sys.addaudithook(lambda event, arguments: got.extend(one for one in arguments if is_proxy(one)) if got is not None else None)
    try:
        __import__('js')
    except ImportError:
        pass
    return [one for one in map(outside, got) if one] or None


@attempt
def timers_of_the_browser_loop():
    from pyodide import webloop

    loop = webloop.WebLoop()
    handle = loop.call_later(0.001, print)
    return handle if is_proxy(handle) else outside(getattr(handle, '_timer', None))


@attempt
def browser_loop_restored():
    import asyncio

    from pyodide import webloop

    webloop._initialize_event_loop()
    return asyncio.run(asyncio.open_connection('127.0.0.1', port))
