"""An asyncio event loop that blocks: callbacks and timers, nothing else, because that is all a sandbox can wait for.

Pyodide's own loop is the browser's, and needs the interpreter to return to it; `asyncio.run` must not.
"""

import asyncio
import errno
import time

from pyodide import webloop


class _Sleeper:
    """In the place of a selector: no file ever becomes ready, so waiting is sleeping."""

    def select(self, timeout=None):
        if timeout is None:
            # Plain Python would wait for ever, too: an interrupt or the time limit ends it.
            while True:
                time.sleep(3600)
        if timeout > 0:
            time.sleep(timeout)
        return ()

    def close(self):
        pass


class Loop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _Sleeper()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def add_signal_handler(self, sig, callback, *args):
        raise NotImplementedError('the sandbox sends no signals')

    async def create_connection(self, *args, **kwargs):
        raise OSError(errno.ENETUNREACH, 'Network is unreachable')

    create_server = create_datagram_endpoint = create_unix_connection = create_unix_server = create_connection

    async def subprocess_exec(self, *args, **kwargs):
        raise OSError(errno.ENOTSUP, 'emscripten does not support processes.')

    subprocess_shell = subprocess_exec


class _Policy(asyncio.events._BaseDefaultEventLoopPolicy):
    _loop_factory = Loop


def install():
    """Undoes what Pyodide changed of `asyncio` and `time`."""
    asyncio.run = webloop._orig_run
    time.sleep = webloop._orig_sleep
    asyncio._set_running_loop(None)
    asyncio.events._set_event_loop_policy(_Policy())
    asyncio.EventLoop = asyncio.SelectorEventLoop = Loop
