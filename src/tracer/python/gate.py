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
from .gate_plan import GatePlan
from .probes import make_probes
from .record import Recorder
from .shown import Shown, said
from .sites import utf16_column

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MOST_PARTS = 1000
# Nodes that are looked at before and after a call.
_MOST_COMPARED = 20_000
# Not the one that ends a script.
_PAUSE = getattr(signal, 'SIGUSR1', None)


class Gate:
    def __init__(self, exchange, capture):
        self._exchange = exchange
        self._capture = capture
        self.plan = GatePlan(capture)
        # Says how closely events have to be looked at now; the probes' own, once there are any.
        self.look_closer = lambda: None
        self._frames = []
        self._shown = Shown()
        self._muted = None

    def listen(self):
        """A pause comes as a signal, which the script is not to notice."""
        try:
            signal.signal(_PAUSE, self._pause)
        except (TypeError, ValueError):
            # There is none here, or this is another thread: it then waits where it is told to.
            pass

    def _pause(self, number, frame):
        self.plan.pausing = True
        self.look_closer()

    def reached(self):
        """Called with everything recorded; returns when the script may go on."""
        if self.plan.is_due():
            self._capture.recorder.flush()
            self._wait()

    def _wait(self):
        self._frames = list(_own_frames(sys._getframe(1)))
        message = {'kind': 'waiting', 'frames': self._do_frames()['frames'] if self.plan.frames else None}
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
                message = {'kind': 'error', 'message': said(error)}
        self._frames = []
        self._shown.clear()
        self.plan.take(command)

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
        return {'kind': 'variables', 'variables': self._quietly(self._shown.variables, [(n, found[n]) for n in names])}

    def _do_children(self, handle, start, count):
        count = min(count, _MOST_PARTS)
        return {'kind': 'variables', 'variables': self._quietly(self._shown.parts, handle, start, count)}

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
        return self._shown.variable('', given)

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
        return self._shown.variable('', value)

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
