"""The self-test from inside: tries to leave before a script may. Answers the doors found open, '' when none is."""

import os
import sys


def _js():
    import js


def _pyodide_js():
    import pyodide_js


def _run_js():
    from pyodide.code import run_js

    run_js('1')


def _shell():
    if os.system('exit 0') == 0:
        return
    raise OSError


def _process():
    import subprocess

    subprocess.run(['true'], check=True)


def _network():
    import socket

    with socket.socket() as s:
        s.settimeout(0.01)
        s.connect(('127.0.0.1', 9))


def _host_files():
    # Folders that every host has and the in-memory file system has not.
    if not any(os.path.exists(path) for path in ('/etc', '/usr/bin', '/Windows', '/System', '/c/Windows', '/bin')):
        raise OSError


def _environment():
    # The interpreter makes up an environment of its own; a real one has a search path of several folders.
    if os.environ.get('PATH', '/') == '/' and os.environ.get('USER', 'web_user') == 'web_user':
        raise OSError


def _thread():
    import _thread

    _thread.start_new_thread(int, ())


_DOORS = {
    'import js': _js,
    'import pyodide_js': _pyodide_js,
    'run_js': _run_js,
    'a shell': _shell,
    'a process': _process,
    'the network': _network,
    'files of the host': _host_files,
    'the environment': _environment,
    'a thread': _thread,
}


def open_doors():
    found = []
    for name, attempt in _DOORS.items():
        try:
            attempt()
        except Exception:
            continue
        found.append(name)
    return ', '.join(found)
