"""Where a script that is debugged waits: a debugger looks at it, evaluates in its frames, and lets it go on.

`exchange` sends one message and returns the next command, both as in src/protocol/gate.ts. All that was recorded is
on the wire before the script waits, so that a debugger reads the tape and asks here only for what is not on it.
"""

import ast
import builtins
import contextlib
import itertools
import json
import os
import signal
import sys

from .calls import Calls
from .identity import MISSING, fields_of
from .probe import FAST
from .probes import make_probes
from .record import Recorder
from .sites import utf16_column

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MOST_TEXT = 1000
# Of a container among others: it can be opened.
_MOST_PREVIEW = 150
_MOST_PARTS = 1000
# Nodes that are looked at before and after a call.
_MOST_COMPARED = 20_000
# A list may hold itself.
_MOST_NESTED = 20
# Their size is known without looking at what is inside.
_CONTAINERS = (list, tuple, dict, set, frozenset)
_BRACKETS = {list: '[]', tuple: '()', dict: '{}', set: '{}'}
# Even a run that nobody wants to stop asks now and then, so that the debugger keeps up.
_PATIENCE = 256
# What is added may make a sum infinite only from here on: half a unit in the last place of the largest number.
_LARGE = 1e290
_INFINITY = float('inf')
# Not the one that ends a script.
_PAUSE = getattr(signal, 'SIGUSR1', None)


class Gate:
    def __init__(self, exchange, capture):
        self._exchange = exchange
        self._capture = capture
        # Nothing is known before the first node: there the debugger says where to wait.
        self._steps = self._nodes = True
        self._contributions = False
        self._ops, self._values = set(), set()
        # The gradients that are looked for: of some ops, and of all.
        self._suspects, self._suspected = {}, []
        self._extreme_gradients = self._extreme_values = False
        self._look = False
        self._pausing = False
        # A number was seen that a debugger may want to look at.
        self._alarmed = False
        self._progress = ()
        # When it last waited: how many nodes there were, and where they hold their gradients.
        self._known = 0
        self._cell = None
        self._passed = 0
        # Says how closely events have to be looked at now; the probes' own, once there are any.
        self.look_closer = lambda: None
        self._frames = []
        self._objects = []
        self._muted = None

    def listen(self):
        """A pause comes as a signal, which the script is not to notice."""
        try:
            signal.signal(_PAUSE, self._pause)
        except (TypeError, ValueError):
            # There is none here, or this is another thread: it then waits where it is told to.
            pass

    def _pause(self, number, frame):
        self._pausing = True
        self.look_closer()

    @property
    def step_by_step(self):
        """Whether events have to be looked at one by one."""
        return bool(
            self._steps or self._contributions or self._ops or self._suspects or self._suspected or self._values
            or self._pausing
        )

    @property
    def node_by_node(self):
        return self._nodes or self._extreme_values or self._pausing

    @property
    def extreme_gradients(self):
        """Whether `look` wants to see what is added to gradients or stored in them …"""
        return self._extreme_gradients

    @property
    def extreme_values(self):
        """… and the values of nodes."""
        return self._extreme_values

    def look(self, amount):
        """Whether a number is one to wait at; what is no number may be one."""
        if amount is None or -_LARGE < self._capture.recorder.amount(amount) < _LARGE:
            return False
        self._alarmed = True
        return True

    def reached(self):
        """Called with everything recorded; returns when the script may go on."""
        before, now = self._progress, self._capture.recorder.progress()
        self._progress = now
        self._passed += 1
        if not (self._alarmed or self._pausing or self._is_wanted(before, now)):
            return
        self._passed = 0
        self._alarmed = self._pausing = False
        self._capture.recorder.flush()
        self._wait()

    def _is_wanted(self, before, now):
        if not (self.step_by_step or self.node_by_node) or self._passed >= _PATIENCE or not before:
            return True
        if now == before:
            return False
        if now.passes != before.passes or now.active != before.active or self._nodes and now.nodes != before.nodes:
            return True
        if now.writes != before.writes and now.written in self._values:
            return True
        if self._contributions and now.given != before.given:
            return True
        if now.steps != before.steps:
            if self._steps or now.op in self._ops or now.op in self._values:
                return True
            recorder = self._capture.recorder
            upstreams = recorder.writer.rows['upstream']
            if self._is_suspect(now.op, recorder.node_at_work(), upstreams[-1] if upstreams else None):
                return True
        return now.target in self._values

    def wants(self, event):
        """Whether an event of a pass may be one to wait at; the others can be recorded together."""
        recorder = self._capture.recorder
        if self._steps or self._contributions or self._pausing or recorder.active < 0:
            return True
        kind, _, target, _, source, upstream = event
        if kind != FAST:
            return True
        serial_of = recorder.identity.of
        op, serial = serial_of(source), serial_of(target)
        # Of nodes that were made since it last waited, it was not said which are wanted.
        if not 0 <= op < self._known or serial < 0 or op in self._ops or op in self._values or serial in self._values:
            return True
        return self._is_suspect(op, source, upstream)

    def _is_suspect(self, op, obj, upstream):
        """Whether the gradient of a node is one that is looked for at its step, as it is or as its rule reads it.

        True as well where that cannot be told.
        """
        suspects = self._suspects.get(op, ())
        if not suspects and not self._suspected:
            return False
        unknown = obj is None or self._cell is None
        held = MISSING if unknown else self._capture.recorder.identity.read(obj, self._cell)
        for amount in (upstream, held):
            if type(amount) not in (float, int):
                return True
            for ranges, nan in (*suspects, *self._suspected):
                if nan if amount != amount else any(low <= amount <= high for low, high in ranges):
                    return True
        return False

    def _wait(self):
        self._frames = list(_own_frames(sys._getframe(1)))
        message = {'kind': 'waiting', 'frames': self._do_frames()['frames'] if self._look else None}
        while True:
            command = self._exchange(json.dumps(message))
            if not command:
                # The run is being interrupted: once that has arrived, the next probe ends the script.
                while not self._capture.ending:
                    pass
                return
            command = json.loads(command)
            kind = command.pop('kind')
            if kind == 'go':
                break
            try:
                message = getattr(self, '_do_' + kind)(**command)
            except BaseException as error:
                message = {'kind': 'error', 'message': _said(error)}
        self._frames = []
        self._objects = []
        self._steps, self._nodes = command['steps'], command['nodes']
        self._contributions = command['contributions']
        self._extreme_gradients, self._extreme_values = command['extremeGradients'], command['extremeValues']
        self._look = command['look']
        if not command['more']:
            self._ops, self._values = set(), set()
            self._suspects, self._suspected = {}, []
        for suspects in command['suspects']:
            ranges = [(-_INFINITY if low is None else low, _INFINITY if high is None else high)
                      for low, high in suspects['ranges']]
            each = ranges, suspects['nan']
            if suspects['ops'] is None:
                self._suspected.append(each)
            else:
                self._suspects.update(dict.fromkeys(suspects['ops'], [each]))
        self._ops.update(command['ops'])
        self._values.update(command['values'])
        self._known = self._capture.recorder.nodes
        self._cell = self._capture.recorder.cell_of(True)

    # -- commands

    def _do_frames(self):
        return {'kind': 'frames', 'frames': [self._frame(frame) for frame in self._frames]}

    def _frame(self, frame):
        known = self._capture.codes.get(id(frame.f_code))
        span = known.span(frame.f_lasti) if known is not None else None
        line = frame.f_lineno or 1
        if span is None:
            span = line, 0, line, 0
        else:
            start, column, end, end_column = span
            module = known.module
            span = start, utf16_column(module, start, column), end, utf16_column(module, end, end_column)
        return {
            'name': frame.f_code.co_name,
            'file': self._capture.shown(frame.f_code.co_filename),
            'startLine': span[0], 'startColumn': span[1], 'endLine': span[2], 'endColumn': span[3],
            'engine': known is not None and known.engine,
        }

    def _do_locals(self, frame):
        found = self._frames[frame].f_locals
        names = [name for name in list(found) if type(name) is str and name[:1] not in '@' and name[:2] != '__']
        return {'kind': 'variables', 'variables': self._quietly(self._variables, [(n, found[n]) for n in names])}

    def _do_children(self, handle, start, count):
        parts = _parts(self._objects[handle - 1])[start:start + min(count, _MOST_PARTS)]
        return {'kind': 'variables', 'variables': self._quietly(self._variables, parts)}

    def _do_evaluate(self, frame, expression):
        found = self._frames[frame]
        try:
            code = compile(expression, '<debug console>', 'eval')
        except SyntaxError:
            code = compile(expression, '<debug console>', 'exec')
        return {'kind': 'value', 'variable': self._quietly(self._run, code, found, expression)}

    def _do_alter(self, frame, value, gradient, text):
        recorder = self._capture.recorder
        obj, key = recorder.object_of(value), recorder.cell_of(gradient)
        if gradient and value == recorder.progress().op:
            raise LookupError('its rule has read it already: set it where it comes, by a breakpoint on its change')
        if obj is None or key is None or key[0] not in ('attr', 'item'):
            raise LookupError('the script does not have it at hand here: set it in the console or in its locals')
        return {'kind': 'value', 'variable': self._quietly(self._store, obj, key, text, self._frames[frame])}

    def _store(self, obj, key, text, frame):
        given = eval(compile(text, '<debug console>', 'eval'), frame.f_globals, dict(frame.f_locals))
        with self._told('%s = %s' % (key[1], text), [obj]):
            if key[0] == 'attr':
                setattr(obj, key[1], given)
            else:
                obj[ast.literal_eval(key[1])] = given
        return self._variable('', given)

    @contextlib.contextmanager
    def _told(self, text, objects):
        """Records that `text` was run, and what it has changed of the nodes among some objects."""
        recorder = self._capture.recorder
        recorder.event('intervention', text)
        # On the recording even if the script ends in what it does now.
        recorder.flush()
        held = recorder.held_by(objects)
        try:
            yield
        finally:
            recorder.intervened(held)
            recorder.flush()

    def _do_set(self, frame, target, value):
        told = '%s = %s' % (target, value)
        code = compile(told, '<debug console>', 'exec')
        shown = compile(target, '<debug console>', 'eval')
        found = self._frames[frame]
        self._quietly(self._run, code, found, told)
        return {'kind': 'value', 'variable': self._quietly(self._run, shown, found, None)}

    def _run(self, code, frame, told):
        """Evaluates in a frame, the user's names winning over `node`; what it assigns is written back."""
        names = frame.f_locals
        known = {'node': self._capture.recorder.node_at_work(), **names}
        before = dict(known)
        if told is None:
            value = eval(code, frame.f_globals, known)
        else:
            tree = ast.parse(told)
            objects = [known['node'], *_reached(tree, frame.f_globals, known)]
            if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
                # Whatever is called may store into all of them.
                objects += itertools.islice(self._capture.recorder.touched(), _MOST_COMPARED)
            with self._told(told, objects):
                value = eval(code, frame.f_globals, known)
        for name, held in known.items():
            if name not in before or before[name] is not held:
                names[name] = held
        return self._variable('', value)

    # -- how values read

    def _variables(self, parts):
        return [
            self._variable(name, value, _MOST_PREVIEW if type(value) in _CONTAINERS else _MOST_TEXT)
            for name, value in parts
        ]

    def _variable(self, name, value, room=_MOST_TEXT):
        kind = type(value)
        try:
            text = _shortened(value, room)
        except Exception as error:
            text = '<repr failed: %s>' % _said(error)
        size = len(value) if kind in _CONTAINERS else len(_parts(value))
        handle = 0
        if size:
            self._objects.append(value)
            handle = len(self._objects)
        indexed = size if kind in (list, tuple) else 0
        return {
            'name': name, 'text': text, 'type': kind.__name__,
            'number': repr(value) if kind in (int, float) else None,
            'handle': handle, 'named': size - indexed, 'indexed': indexed,
        }

    def _quietly(self, call, *arguments):
        """Calls with probes that tell another recorder, to which nobody listens."""
        capture = self._capture
        if self._muted is None:
            recorder = _Deaf(lambda chunk: None, capture.probes, capture.recorder.sites, capture.program, sys.maxsize)
            recorder.names = capture.recorder.names
            calls = Calls(recorder.writer, recorder.sites, capture.codes, capture.loops, recorder.names)
            self._muted = {'@' + name: probe for name, probe in make_probes(recorder, capture.codes, calls)[0].items()}
            self._counts = calls.counts
        self._counts[:] = capture.counts()
        builtins.__dict__.update(self._muted)
        try:
            return call(*arguments)
        finally:
            builtins.__dict__.update(capture.installed())


class _Deaf(Recorder):
    def process(self):
        self.runs.clear()


def _reached(tree, names, own):
    """The objects that a piece of code stores into, as far as they are found without calling anything."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            for part in (node.value, getattr(node, 'slice', None)):
                if part is None or any(isinstance(n, (ast.Call, ast.NamedExpr, ast.Await)) for n in ast.walk(part)):
                    continue
                try:
                    yield eval(compile(ast.unparse(part), '<debug console>', 'eval'), names, own)
                except Exception:
                    pass


def _own_frames(frame):
    """The script's frames, innermost first, without those of the tracer and of what started it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_HERE):
            if frame.f_code.co_name == 'run' and frame.f_globals.get('__name__', '').endswith('.run'):
                return
        elif not frame.f_code.co_filename.startswith('<frozen'):
            yield frame
        frame = frame.f_back


def _parts(value):
    """(name, value) of what is inside: items, entries, or the fields of an object, without running its code."""
    kind = type(value)
    if kind in (list, tuple):
        return [('[%d]' % place, item) for place, item in enumerate(value)]
    if kind is dict:
        return [(_key(key), item) for key, item in list(value.items())]
    if kind in (set, frozenset):
        return [('', item) for item in value]
    if isinstance(value, type) or callable(value) and not hasattr(kind, '__slots__') and not hasattr(value, '__dict__'):
        return []
    if kind.__module__ == 'builtins':
        return []
    return [(str(name), item) for name, item in fields_of(value) if str(name)[:2] != '__']


def _shortened(value, room, depth=0):
    """What `repr` gives, or the beginning of it: a container is looked through no further than its text is shown."""
    if depth > _MOST_NESTED:
        return '…'
    opening, closing = _BRACKETS.get(type(value), ('', ''))
    if not opening or not value:
        text = repr(value)
        return text if len(text) <= room else text[:room] + '…'
    text = opening
    for part in value.items() if type(value) is dict else value:
        if len(text) > 1:
            text += ', '
        if len(text) >= room:
            return text + '…'
        left = max(room - len(text), 1)
        if type(value) is dict:
            text += _shortened(part[0], left, depth + 1) + ': ' + _shortened(part[1], left, depth + 1)
        else:
            text += _shortened(part, left, depth + 1)
    return text + (',)' if type(value) is tuple and len(value) == 1 else closing)


def _key(key):
    try:
        return repr(key)[:100]
    except Exception:
        return '?'


def _said(error):
    try:
        return '%s: %s' % (type(error).__name__, error)
    except Exception:
        return type(error).__name__
