"""Runs one script as plain Python would, with the tracer beside it, and reports how it ended."""

import gc
import json
import os
import random
import sys

import backprop_tracer

_LIBRARY = '/backprop/library'


def main():
    with open('/backprop/request.json', encoding='utf-8') as f:
        request = json.load(f)
    os.remove('/backprop/request.json')
    wire = os.open('/dev/backprop_wire', os.O_WRONLY)
    outcome = os.open('/dev/backprop_outcome', os.O_WRONLY)

    def send(data, _write=os.write, _fd=wire):
        _write(_fd, data)

    folder = os.path.dirname(request['script'])
    os.makedirs(request['cwd'], exist_ok=True)
    os.chdir(request['cwd'])
    # The snapshot froze the generator's state; a plain start takes fresh entropy.
    random.seed()
    sys.argv = [request['script'], *request['args']]
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(encoding='utf-8', line_buffering=True)
    sys.stderr.reconfigure(encoding='utf-8', line_buffering=True)
    given = _files(folder)

    sys.path[:] = [folder, *[p for p in sys.path if p.endswith('.zip') or p.startswith('/lib')]]
    sys.path.append(_LIBRARY)
    gc.collect()
    try:
        result = backprop_tracer.run(
            request['script'],
            request['args'],
            send,
            capture=request['capture'],
            max_nodes=request['nodes'],
            user_roots=[folder, _LIBRARY],
        )
    except KeyboardInterrupt:
        result = {'kind': 'interrupted'}
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    result['notices'] = _notices(folder, given)
    os.write(outcome, json.dumps(result).encode('utf-8', 'replace'))


def _files(folder):
    return {os.path.join(base, name) for base, _, names in os.walk(folder) for name in names}


def _notices(folder, given):
    notices = []
    file = getattr(sys.modules.get('micrograd'), '__file__', None)
    if isinstance(file, str) and file.startswith(_LIBRARY):
        notices.append('micrograd was not found beside the script; the compatible one that comes with this program was used')
    written = sorted(os.path.relpath(path, folder) for path in _files(folder) - given)
    if written:
        listed = ', '.join(written[:5]) + (f' and {len(written) - 5} more' if len(written) > 5 else '')
        notices.append(f'files that the script wrote stayed inside the sandbox: {listed}')
    return notices
