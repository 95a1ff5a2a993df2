"""Runs one script as plain Python would, with the tracer beside it, and reports how it ended."""

import atexit
import importlib.machinery
import json
import os
import random
import struct
import sys

import backprop_loop
import backprop_tracer

_LIBRARY = '/backprop/library'
# Of what is carried, the part that is recorded as if it were the user's.
_ENGINE = _LIBRARY + '/micrograd'
# What plain Python has imported before a script starts; of these, a script's own module of the same name never wins.
_ALWAYS = {
    '__main__', 'abc', 'codecs', 'encodings', 'genericpath', 'io', 'os', 'posixpath', 'site', 'stat', 'zipimport',
    '_collections_abc', '_sitebuiltins', *sys.builtin_module_names,
}
# Programs that the script asked for with `os.system`, which says only by its result that there are none.
_programs = []

_MOST = 1 << 24

backprop_loop.install()


def main():
    with open('/backprop/request.json', encoding='utf-8') as f:
        request = json.load(f)
    os.remove('/backprop/request.json')
    wire = os.open('/dev/backprop_wire', os.O_WRONLY)
    outcome = os.open('/dev/backprop_outcome', os.O_WRONLY)

    sent = 0

    def send(data, _write=os.write, _fd=wire):
        nonlocal sent
        sent += len(data)
        _pieces(data, _fd, _write)

    draft = None

    def keep(followed, data, _open=os.open, _write=os.write, _pack=struct.pack):
        """Hands over a draft, in the form of `draft.ts`; a run that has none has no descriptor for it."""
        nonlocal draft
        if draft is None:
            draft = _open('/dev/backprop_draft', os.O_WRONLY)
        _write(draft, _pack('<IIBI', followed, sent & 0xFFFFFFFF, bool(data), len(data)))
        _pieces(data, draft, _write)

    gate = os.open('/dev/backprop_gate', os.O_RDWR) if request['gated'] else None

    def exchange(message, _write=os.write, _read=os.read):
        """Sends a message, and waits for the next command: a line of JSON, nothing when the run is interrupted."""
        _write(gate, message.encode('utf-8', 'replace'))
        command = b''
        while not command.endswith(b'\n'):
            part = _read(gate, 65536)
            if not part:
                return ''
            command += part
        return command.decode()

    folder = os.path.dirname(os.path.realpath(request['script']))
    os.makedirs(request['cwd'], exist_ok=True)
    os.chdir(request['cwd'])
    # The snapshot froze the generator's state; a plain start takes fresh entropy.
    random.seed()
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(encoding='utf-8', line_buffering=True)
    sys.stderr.reconfigure(encoding='utf-8', line_buffering=True)
    given = _files(folder)
    _make_room(folder)
    os.system = _system

    sys.path[:] = [folder, *[p for p in sys.path if p.endswith('.zip') or p.startswith('/lib')]]
    _Last.folders[:0] = request['folders']
    sys.meta_path.append(_Last)
    try:
        result = backprop_tracer.run(
            request['script'],
            request['args'],
            send,
            argv0=request['argv0'],
            shown=_shown(request['windows']),
            capture=request['capture'],
            max_nodes=request['nodes'],
            user_roots=[*request['above'], *request['folders'], _ENGINE],
            exchange=exchange if request['gated'] else None,
            keep=keep,
        )
        if result['kind'] != 'limit':
            _leave(folder)
    except KeyboardInterrupt:
        result = {'kind': 'interrupted'}
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    result['notices'] = _notices(folder, given)
    os.write(outcome, json.dumps(result).encode('utf-8', 'replace'))


class _Last:
    """Finds what lies in folders that were allowed, then what is carried along, after all else: after the script's
    folders without `__init__.py`, and those that it appends to `sys.path`.
    """

    folders = [_LIBRARY]

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return importlib.machinery.PathFinder.find_spec(name, cls.folders) if path is None else None


def _pieces(data, fd, write):
    """Frames are of a limited length."""
    for start in range(0, len(data), _MOST):
        write(fd, data[start:start + _MOST])


def _shown(windows):
    """How a path inside is shown: as the host writes it. `windows` is None or how the script's own path begins there."""

    def host_path(path):
        if path.startswith('/unc/'):
            return '\\\\' + path[5:].replace('/', '\\')
        if len(path) > 2 and path[0] == path[2] == '/' and path[1].isalpha():
            letter = windows if windows.lower() == path[1] else path[1].upper()
            return letter + ':\\' + path[3:].replace('/', '\\')
        return path

    return str if windows is None else host_path


def _make_room(folder):
    """Forgets what the snapshot imported where the script has a module of that name: its own wins."""
    own = {name.removesuffix('.py') for name in os.listdir(folder)} - _ALWAYS
    for name in list(sys.modules):
        if name.partition('.')[0] in own:
            del sys.modules[name]


def _system(command, _system=os.system):
    _programs.append(os.fsdecode(command))
    return _system(command)


def _leave(folder):
    """What the interpreter does when a script is over: exit functions, then the end of the script's own objects.

    The latter only where it can be seen: giving up a deep graph takes more of the C stack than there may be.
    """
    atexit._run_exitfuncs()
    if not any('__del__' in vars(kind) and _is_own(kind, folder) for kind in _classes()):
        return
    names = sys.modules['__main__'].__dict__
    for name in sorted(names, key=lambda name: not (name.startswith('_') and not name.startswith('__'))):
        if name != '__builtins__':
            names[name] = None


def _classes():
    """All that there are; found from the top, which is far less to look through than all objects."""
    found, waiting = {}, [object]
    while waiting:
        # Not by their own equality: a metaclass may have one.
        new = {id(kind): kind for kind in type.__subclasses__(waiting.pop())}
        waiting += [kind for key, kind in new.items() if key not in found]
        found.update(new)
    return found.values()


def _is_own(kind, folder):
    file = getattr(sys.modules.get(kind.__module__), '__file__', None)
    return isinstance(file, str) and (kind.__module__ == '__main__' or file.startswith(folder + '/'))


def _files(folder):
    """The files below a folder, with what changes when they are written to."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            info = os.lstat(path)
            found[path] = info.st_mtime_ns, info.st_size
    return found


def _notices(folder, given):
    notices = []
    for name, what in (
        ('micrograd', 'the compatible one that comes with this program was used'),
        ('graphviz', 'a stand-in was used, which writes DOT text and draws no pictures'),
    ):
        file = getattr(sys.modules.get(name), '__file__', None)
        if isinstance(file, str) and file.startswith(_LIBRARY):
            notices.append(f'{name} was not found beside the script; {what}')
    shadowed = sorted({f'{name}.py' for name in sys.builtin_module_names} & set(os.listdir(folder)))
    if shadowed:
        notices.append(f'{_some(shadowed)} beside the script was not used: here that module is built in, and comes first')
    now = _files(folder)
    if written := sorted(os.path.relpath(path, folder) for path in now if now[path] != given.get(path)):
        notices.append(f'files that the script wrote stayed inside the sandbox: {_some(written)}')
    if _programs:
        notices.append(f'the sandbox has no other programs, so os.system did nothing with: {_some(_programs)}')
    return notices


def _some(names):
    return ', '.join(names[:5]) + (f' and {len(names) - 5} more' if len(names) > 5 else '')
