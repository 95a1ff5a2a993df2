"""Loads the user's modules instrumented: reads them ahead, analyses them together, compiles them in memory."""

import ast
import builtins
import importlib.machinery
import json
import os
import re
import sys
import tokenize
import warnings
from types import SimpleNamespace

from .calls import Calls
from .discover import Program
from .drafts import Drafts
from .events import Limit
from .gate import Gate
from .instrument import Instrumenter
from .probes import make_probes
from .record import Recorder
from .retell import Retelling
from .roles import Roles
from .scopes import Module
from .sites import Code, Sites, code_objects
from .syntax import walk
from .trail import Trail
from .watch import Watcher
from .watch_probes import make_watch_probes

_FROZEN = '<frozen importlib._bootstrap_external>'
_MOST_AHEAD = 200
_OTHERWISE = re.compile(r'copy\b|pickle|shelve|joblib|multiprocessing|concurrent|__new__|__class__|__reduce|state__')


class Capture:
    """Everything one recorded run shares: the analysis, the probes, the recorder."""

    def __init__(self, send, max_nodes, roots, shown=str, follow=None, exchange=None, keep=None):
        self.roots = roots
        self.shown = shown
        # A script that is debugged waits there; where every number is followed nothing is known before the end.
        self.gate = None if exchange is None else Gate(exchange, self)
        # Whether every number is followed, because the analysis cannot be sure of the engine; None until that is known.
        self.follow = follow
        self.trail = None
        self.drafts = Drafts(self, keep) if keep is not None else None
        self.program = Program()
        self.modules = {}
        self.probes = []
        self.loops = []
        self.codes = {}
        self.instrumented = False
        self.recorder = Recorder(send, self.probes, None, self.program, max_nodes, self.gate)
        self.sites = self.recorder.sites = Sites(self.recorder.writer, shown)
        self.recorder.cut = self._cut
        self._calls = self._seal = None
        self._installed = {}
        # The next probe ends the script.
        self.ending = False

    def start(self, namespace):
        from .names import Names

        self.recorder.names = Names(namespace)
        self.recorder.identity.places = self.program.places
        self.recorder.identity.codes = self.codes
        self.recorder.identity.made_otherwise = self._makes_otherwise
        if self.follow:
            self.trail = Trail(self.recorder, self.codes, self.loops, self.drafts)
            found = make_watch_probes(self.trail, self._at_limit)
        else:
            self._calls = Calls(self.recorder.writer, self.sites, self.codes, self.loops, self.recorder.names)
            found, self._seal = make_probes(self.recorder, self.codes, self._calls)
        self._installed = {'@' + name: probe for name, probe in found.items()}
        builtins.__dict__.update(self._installed)

    def installed(self):
        """The probes as they are found through `builtins`."""
        return self._installed

    def counts(self):
        """The running iteration of each loop of the user's."""
        return self._calls.counts

    def _makes_otherwise(self):
        """Whether the program may make objects without running their `__init__`: copies, unpickled ones."""
        return any(_OTHERWISE.search(module.source) for module in self.modules.values())

    def finish(self):
        if self.trail is not None:
            self._retell()
            self.recorder.name_paths()
        elif self._seal is not None:
            self._seal()
            self.recorder.finish()
            self._calls.clear()

    def hand_over(self):
        """Sends what the probes have seen so far."""
        builtins.__dict__.update(self._installed)
        if self.trail is not None:
            self._retell()
        elif self._seal is not None:
            self._seal()
            self.recorder.process()
        self.recorder.flush()

    def _retell(self):
        """Writes the tape of a run that was followed, once."""
        trail, self.trail = self.trail, None
        if trail is None:
            return
        if trail.failure is not None:
            self.recorder.event('notice', 'the recording ended early: %s' % trail.failure)
        elif trail.blind:
            self.recorder.event(
                'notice', 'recorded up to the %d-th number; what came later is not in the graph' % len(trail.events)
            )
        trail.blind = True
        self.recorder.event('followed', str(len(trail.events)))
        try:
            found = self.tell(trail, self.recorder)
        except Exception as error:
            # Half a graph would be a wrong one.
            self.recorder.writer.forget()
            self.recorder.nodes = 0
            if isinstance(error, MemoryError):
                raise
            self.recorder.event('notice', 'what was recorded could not be analysed (%r)' % error)
            return
        program = self.program
        program.gradient, program.value = found.gradient, found.value
        program.engine_classes = [SimpleNamespace(name=name) for name in found.classes]

    def tell(self, trail, recorder):
        """Writes the tape of a trail; returns what was taken for the engine."""
        program = self.program
        roles = Roles(trail, program.value[0] if program.value and program.links() else None)
        retelling = Retelling(recorder, trail, roles)
        retelling.write()
        gradient = {roles.gradient} - {None}
        value = [roles.value] if roles.value is not None else []
        cells = _engine(gradient, value, retelling.classes)
        return SimpleNamespace(gradient=gradient, value=value, classes=retelling.classes, text=cells)

    def _at_limit(self):
        self._cut()
        raise Limit()

    def describe(self):
        """Says what was taken for the engine, or that there was none."""
        program = self.program
        # What was seen to go the other way holds no gradients.
        gradient = [k for k in sorted(program.gradient, key=str) if self.recorder.confirmed.get(k, True)]
        if program.tangent:
            gradient = [program.tangent]
        self.recorder.event('engine', _engine(gradient, program.value, [c.name for c in program.engine_classes]))
        if not gradient:
            looked = sorted({_cell_name(k) for k in list(program.candidates) + program.value})
            found = 'no autograd engine was used' if not self.recorder.nodes else 'no gradients were found'
            self.recorder.event('notice', found + ': nothing receives gradients. Looked for '
                                'attributes, items or maps that collect amounts flowing from the same cell of another '
                                'object; ' + ('candidates were ' + ', '.join(looked) if looked else 'found none') + '. Not '
                                'recorded are values that are lists or matrices, and gradients that functions only '
                                'return or pass on.')

    def _cut(self):
        """From now on every probe ends the script."""

        def cut(*_):
            raise Limit()

        self.at_next_probe(cut)

    def at_next_probe(self, call):
        """Puts a function that raises in the place of every probe."""
        self.ending = True
        builtins.__dict__.update(dict.fromkeys(self._installed, call))

    def is_user(self, path):
        return is_below(path, self.roots)

    def read(self, path, source=None):
        """Parses a file and those it imports, so that an engine in one and a script in another are seen together."""
        if path in self.modules or not self.is_user(path):
            return self.modules.get(path)
        if source is None:
            try:
                source = decode(path)
            except (OSError, SyntaxError, UnicodeDecodeError):
                return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                tree = ast.parse(source, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        module = self.modules[path] = Module(path, source, tree)
        self.program.add(module)
        if len(self.modules) < _MOST_AHEAD:
            for name in imported(tree, path):
                for found in list(locate(name, path)) or [*self._above(name), *self._below(name)]:
                    self.read(found)
        return module

    def _above(self, name):
        """Where a module is that was given from above the script's folder."""
        first = name.partition('.')[0]
        for root in self.roots[2:]:
            if os.path.basename(root) in (first, first + '.py'):
                yield from locate('.' + name, os.path.join(os.path.dirname(root), ''))
                return

    def _below(self, name):
        """Where a module may be that the script finds by changing `sys.path`: in a folder below its own."""
        root = self.roots[0]
        if name.startswith('.') or name.partition('.')[0] in getattr(sys, 'stdlib_module_names', ()):
            return
        for folder in sorted(os.listdir(root))[:_MOST_AHEAD]:
            yield from locate('.' + name, os.path.join(root, folder, ''))

    def compile(self, path, data):
        """The code of an imported user module."""
        plain = compile(data, path, 'exec', dont_inherit=True)
        module = self.modules.get(os.path.abspath(path))
        try:
            if module is None:
                module = self.read(os.path.abspath(path))
                if module is None:
                    return plain
                self.program.solve()
            return self.compile_script(module, path, plain)
        except Exception as error:
            text = '%s ran without being recorded: its code could not be analysed (%r)' % (path, error)
            self.recorder.event('notice', text)
            return plain

    def compile_script(self, module, path, plain):
        """The instrumented code of a module; the plain one when there is nothing to see in it."""
        if self.follow is None:
            self.follow = not self.program.is_sure()
        program = self.program
        if not self.follow and not (program.value and (program.gradient or program.tangent)):
            return plain
        try:
            if self.follow:
                instrumenter = Watcher(module, self.probes, self.loops, plain)
            else:
                instrumenter = Instrumenter(self.program, module, self.probes, self.loops, self.gate is not None)
            tree = instrumenter.rewrite()
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                code = compile(tree, path, 'exec', dont_inherit=True)
        except RecursionError:
            return plain
        self.instrumented = True
        self._register(code, module, instrumenter)
        if self.gate is not None and not self.follow:
            self._tell_places(module)
        return code

    def _tell_places(self, module):
        """Where nodes may come from, before they do: a debugger offers these places for breakpoints."""
        for node in walk(module.tree):
            if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Call)):
                scope = module.scope_of(node)
                if not any(place in self.program.engine for place in scope.ancestors()):
                    self.sites.of_node(module, node)
        self.recorder.flush()

    def _register(self, code, module, instrumenter):
        program = instrumenter.program
        makers = {scope for _, scope in program.makers.values() if scope.is_function}
        for current, scope, node in code_objects(code, module):
            known = Code(current, module, scope, node)
            known.engine = any(place in program.engine for place in scope.ancestors())
            known.maker = known.engine and any(place in makers for place in scope.ancestors())
            known.initialiser = scope.name in ('__init__', '__new__', '__post_init__')
            known.builder = scope.is_function and scope not in makers and program.builds(scope)
            known.driver = scope in instrumenter.drivers and not known.comprehension
            known.tells = scope in instrumenter.telling and not known.comprehension
            self.codes[id(current)] = known


class Finder:
    """Hands the user's modules to a loader that instruments them."""

    def __init__(self, capture):
        self.capture = capture

    def find_spec(self, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            if self.capture.is_user(spec.origin):
                spec.loader = Loader(spec.loader.name, spec.loader.path, self.capture)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name, path, capture):
        super().__init__(name, path)
        self._capture = capture

    def path_stats(self, path):
        # Without them no cached bytecode is read or written.
        raise OSError

    def source_to_code(self, data, path, *, _optimize=-1):
        return self._capture.compile(path, data)


def _hide(function):
    """Lets the interpreter trim these frames from import errors as it trims its own."""
    function.__code__ = function.__code__.replace(co_filename=_FROZEN, co_name='_call_with_frames_removed')


for _function in (Finder.find_spec, Loader.source_to_code, Loader.path_stats, Capture.compile):
    _hide(_function)


def decode(path):
    with tokenize.open(path) as file:
        return file.read()


def is_below(path, roots):
    path = os.path.abspath(path)
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def imported(tree, path):
    """The dotted names a module imports; relative ones with their leading dots."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = '.' * node.level + (node.module or '')
            yield base
            for alias in node.names:
                yield base + ('.' if node.module else '') + alias.name


def locate(name, path):
    """The files that importing a name would run, found without importing anything."""
    level = len(name) - len(name.lstrip('.'))
    parts = [part for part in name[level:].split('.') if part]
    if level:
        folder = os.path.dirname(path)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        folders = [folder]
    else:
        if parts and (parts[0] in sys.builtin_module_names or parts[0] in getattr(sys, 'stdlib_module_names', ())):
            return
        folders = [folder or '.' for folder in sys.path if isinstance(folder, str)]
    for part in parts:
        for folder in folders:
            package = os.path.join(folder, part, '__init__.py')
            module = os.path.join(folder, part + '.py')
            if os.path.isfile(package):
                yield package
                folders = [os.path.join(folder, part)]
                break
            if os.path.isfile(module):
                yield module
                folders = []
                break
            if os.path.isdir(os.path.join(folder, part)):
                folders = [os.path.join(folder, part)]
                break
        else:
            return


def _engine(gradient, value, classes):
    """What was taken for the engine, for the event that tells of it."""
    return json.dumps({
        'cells': [_cell_name(key) for key in gradient], 'values': [_cell_name(key) for key in value[:1]],
        'classes': sorted(set(classes)),
    })


def _cell_name(key):
    named = {'attr': '.%s', 'item': '[%s]', 'map': '%s[…]', 'box': '.%s[0]', 'list': '.%s[…]', 'free': '%s', 'self': '%s'}
    return named[key[0]] % key[1]
