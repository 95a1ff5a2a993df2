"""From a running frame to the sub-expression it evaluates, resolved once per place in the code."""

import ast
import dis
import sys

from .scopes import COMPREHENSIONS, FUNCTIONS, LOOPS
from .syntax import children, walk

_EXACT = sys.version_info >= (3, 11)


class Code:
    """What is known of one code object of the user's."""

    __slots__ = ('code', 'module', 'scope', 'node', 'engine', 'maker', 'initialiser', 'builder', 'comprehension',
                 'qualname', 'spans', 'sites', 'loops', 'generator', 'driver', 'tells', 'places')

    def __init__(self, code, module, scope, node):
        self.code = code
        self.module = module
        self.scope = scope
        self.node = node
        self.engine = self.maker = self.initialiser = self.builder = False
        self.comprehension = isinstance(node, COMPREHENSIONS)
        self.generator = bool(code.co_flags & 0x20)
        self.qualname = qualified_name(scope)
        self.spans = None
        self.sites = {}
        self.loops = {}
        self.driver = False
        # An initialiser that is sure to say that there is a new node.
        self.tells = False
        # By instruction: the row of its site, and the loop around it: a number, None for none, -1 for several.
        self.places = {}

    def span(self, lasti):
        """(start line, start column, end line, end column), columns in bytes; None when unknown."""
        if _EXACT:
            if self.spans is None:
                self.spans = list(self.code.co_positions())
            place = lasti // 2
            if 0 <= place < len(self.spans):
                line, end_line, column, end_column = self.spans[place]
                if None not in (line, end_line, column, end_column):
                    return line, column, end_line, end_column
            return None
        return self._span_of_line(lasti)

    def text(self, lasti):
        """How the expression at a place is written, or the place itself where that is not known."""
        span = self.span(lasti) if _EXACT else None
        if span is None or span[0] != span[2]:
            return lasti
        return self.module.lines[span[0] - 1].encode()[span[1]:span[3]]

    def _span_of_line(self, lasti):
        """Before 3.11 only the line is known: the largest computation that begins there."""
        line = None
        for start, number in dis.findlinestarts(self.code):
            if start > lasti:
                break
            line = number
        best = None
        for node in walk(self.node):
            if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Call, ast.AugAssign)) and node.lineno == line:
                if best is None or (node.end_lineno, node.end_col_offset) > (best.end_lineno, best.end_col_offset):
                    best = node
        if best is None:
            return None
        return best.lineno, best.col_offset, best.end_lineno, best.end_col_offset


class Sites:
    """Rows of `source` and `site`."""

    def __init__(self, writer, shown=str):
        self._writer = writer
        self.shown = shown
        self._sources = {}
        self._rows = {}
        self._chained = {}
        self._count = 0

    def source(self, module):
        known = self._sources.get(module.path)
        if known is None:
            known = self._sources[module.path] = len(self._sources)
            text = self._writer.text
            self._writer.rows['source'].extend((text(self.shown(module.path)), text(module.source)))
        return known

    def row(self, module, span):
        if span is None:
            return -1
        key = module.path, span
        known = self._rows.get(key)
        if known is None:
            known = self._rows[key] = self._count
            self._count += 1
            line, column, end_line, end_column = span
            self._writer.rows['site'].extend((
                self.source(module), line, utf16_column(module, line, column), end_line,
                utf16_column(module, end_line, end_column),
            ))
        return known

    def at(self, code, lasti):
        known = code.sites.get(lasti)
        if known is None:
            known = code.sites[lasti] = self.row(code.module, self._whole_call(code.module, code.span(lasti)))
        return known

    def _whole_call(self, module, span):
        """A method call whose name stands on a later line begins at its receiver here, for the compiler at the name."""
        if span is None:
            return None
        calls = self._chained.get(module.path)
        if calls is None:
            calls = self._chained[module.path] = dict(chained_calls(module.tree))
        return calls.get(span[:2], span)

    def of_node(self, module, node):
        return self.row(module, (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))

    def of_header(self, module, node):
        """The header of a loop: `for x in xs:` without its body, or a comprehension's `for x in xs` part."""
        if isinstance(node, COMPREHENSIONS):
            first, last = node.generators[0].target, node.generators[-1]
            end = last.ifs[-1] if last.ifs else last.iter
            line = module.lines[first.lineno - 1].encode()
            start = line.rfind(b'for', 0, first.col_offset)
            return self.row(module, (first.lineno, max(start, 0), end.end_lineno, end.end_col_offset))
        end = node.test if isinstance(node, ast.While) else node.iter
        return self.row(module, (node.lineno, node.col_offset, end.end_lineno, end.end_col_offset))


def chained_calls(tree):
    """Method calls over several lines: (line, column) of the method's name, and the span of the whole call."""
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.lineno != node.func.end_lineno:
            name = node.func.end_lineno, node.func.end_col_offset - len(node.func.attr.encode())
            yield name, (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def utf16_column(module, line, column):
    text = module.lines[line - 1] if 0 < line <= len(module.lines) else ''
    if text.isascii():
        return column
    return len(text.encode()[:column].decode('utf-8', 'ignore').encode('utf-16-le')) // 2


def qualified_name(scope):
    names = []
    while scope is not None and scope.parent is not None:
        names.append(scope.name)
        if scope.owner is not None:
            names.append(scope.owner.name)
        scope = scope.parent
    return '.'.join(reversed(names))


def code_objects(code, module):
    """Every code object of a compiled module with the AST node that it came from: (code, scope, node)."""
    waiting = [(code, module.root, module.tree)]
    while waiting:
        current, scope, node = waiting.pop()
        yield current, scope, node
        inner = [c for c in current.co_consts if hasattr(c, 'co_code')]
        if not inner:
            continue
        places = list(_nested(node))
        for child in inner:
            for number, place in enumerate(places):
                if _matches(child, place):
                    del places[number]
                    if isinstance(place, FUNCTIONS):
                        waiting.append((child, module.scopes[place], place))
                    else:
                        waiting.append((child, scope, place))
                    break


def _nested(node):
    """The functions, classes and comprehensions directly inside a node, in source order."""
    waiting = list(reversed(children(node)))
    while waiting:
        current = waiting.pop()
        if isinstance(current, FUNCTIONS + (ast.ClassDef,) + COMPREHENSIONS):
            yield current
            if isinstance(current, COMPREHENSIONS):
                # Inlined since 3.12: what is inside may as well belong to the code around it.
                waiting.extend(reversed(children(current)))
            elif not isinstance(current, ast.ClassDef):
                waiting.extend(reversed(children(current.args)))
            continue
        waiting.extend(reversed(children(current)))


def _matches(code, node):
    name = code.co_name
    if isinstance(node, COMPREHENSIONS):
        expected = {'ListComp': '<listcomp>', 'SetComp': '<setcomp>', 'DictComp': '<dictcomp>'}
        if name != expected.get(type(node).__name__, '<genexpr>'):
            return False
    elif name != getattr(node, 'name', '<lambda>'):
        return False
    line = node.lineno
    decorators = getattr(node, 'decorator_list', None)
    if decorators:
        line = min(line, decorators[0].lineno)
    if code.co_firstlineno != line and not isinstance(node, COMPREHENSIONS):
        return False
    return abs(code.co_firstlineno - line) <= (node.end_lineno or line) - line


class Loops:
    """The instrumented loops of a run, by the code that they are around; `loops` grows as modules are compiled."""

    def __init__(self, loops, sites):
        self._loops = loops
        self._sites = sites
        self._by_path = {}
        self._known = 0
        self._headers = {}

    def told_by(self, sites):
        """The same loops for another recording."""
        return Loops(self._loops, sites)

    def around(self, code, lasti):
        """The numbers of the loops around a place in a code object, outermost first."""
        found = code.loops.get(lasti)
        if found is None:
            for number in range(self._known, len(self._loops)):
                loop = self._loops[number]
                self._by_path.setdefault(loop.module.path, []).append((loop.node, number))
            self._known = len(self._loops)
            found = code.loops[lasti] = _loops_around(code, code.span(lasti), self._by_path)
        return found

    def header(self, loop):
        """The row of the site of a loop's header."""
        site = self._headers.get(loop)
        if site is None:
            known = self._loops[loop]
            site = self._headers[loop] = self._sites.of_header(known.module, known.node)
        return site


def _loops_around(code, span, loops):
    """The numbers of the instrumented loops of this code object that enclose a span, outermost first."""
    found = []
    for node, number in loops.get(code.module.path, ()):
        if _within(node, code, span):
            found.append((node.lineno, node.col_offset, number))
    return tuple(number for _, _, number in sorted(found))


def _within(loop, code, span):
    if span is None:
        return False
    place = code.node
    if isinstance(loop, LOOPS):
        first, last = loop.body[0], loop.body[-1]
        start, end = (first.lineno, first.col_offset), (last.end_lineno, last.end_col_offset)
    else:
        start, end = (loop.lineno, loop.col_offset), (loop.end_lineno, loop.end_col_offset)
        iterated = loop.generators[0].iter
        if (iterated.lineno, iterated.col_offset) <= span[:2] and span[2:] <= (
            iterated.end_lineno, iterated.end_col_offset
        ):
            return False
    if not (start <= span[:2] and span[2:] <= end) or span == start + end and not isinstance(loop, LOOPS):
        return False
    return _innermost(code.module, loop, place)


def _innermost(module, loop, place):
    """Whether a loop runs in the code object of `place`, not in a function around or inside it."""
    if loop is place:
        return True
    node = module.parents.get(loop)
    while node is not None and node is not place:
        if isinstance(node, FUNCTIONS):
            return False
        if isinstance(node, COMPREHENSIONS) and not _inlined(node):
            return False
        node = module.parents.get(node)
    if node is None:
        return place is module.tree
    return _inlined(loop) or not isinstance(loop, COMPREHENSIONS)


def _inlined(node):
    return sys.version_info >= (3, 12) and not isinstance(node, ast.GeneratorExp)
