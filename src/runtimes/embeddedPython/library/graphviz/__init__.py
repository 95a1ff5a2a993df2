"""The part of the `graphviz` package that writes DOT, for scripts that draw their graph beside computing with it.

Compatible with https://github.com/xflr6/graphviz (MIT, Sebastian Bank): `source` is the same text to the letter. It
draws nothing, because a sandbox has no `dot` program: `render` and `view` only save the text, `pipe` raises.
"""

import contextlib
import os
import re

__version__ = '0.21'

_HTML = re.compile(r'<.*>$', re.DOTALL)
_ID = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*|-?(\.[0-9]+|[0-9]+(\.[0-9]*)?))$')
_KEYWORDS = {'node', 'edge', 'graph', 'digraph', 'subgraph', 'strict'}
_QUOTE = re.compile(r'((?:\\{2})*)\\?"')


class ExecutableNotFound(RuntimeError):
    """There is no `dot` program."""


class NoHtml(str):
    """Text that is not read as HTML, whatever it looks like."""


def nohtml(s):
    return NoHtml(s)


def escape(s):
    """Text whose backslashes and angle brackets mean themselves."""
    return nohtml(s.replace('\\', '\\\\'))


def _quote(text):
    if _HTML.match(text) and not isinstance(text, NoHtml):
        return text
    if _ID.match(text) and text.lower() not in _KEYWORDS:
        return text
    return '"%s"' % _QUOTE.sub(r'\1\\"', text)


def _quote_edge(end):
    node, _, rest = end.partition(':')
    port, _, compass = rest.partition(':')
    return ':'.join([_quote(node)] + ([_quote(port)] if rest else []) + ([compass] if compass else []))


def _pairs(label, attributes, more):
    pairs = [] if label is None else [('label', label)]
    for given in (attributes, more):
        given = (sorted(given.items()) if type(given) is dict else given.items()) if hasattr(given, 'items') else given
        pairs += [(key, value) for key, value in given or () if value is not None]
    return ' '.join(f'{key if key == "label" else _quote(key)}={_quote(value)}' for key, value in pairs)


def _listed(label, attributes, more=None):
    pairs = _pairs(label, attributes, more)
    return f' [{pairs}]' if pairs else ''


class _Dot:
    _kind = _arrow = ''

    def __init__(
        self, name=None, comment=None, filename=None, directory=None, format=None, engine=None, encoding='utf-8',
        graph_attr=None, node_attr=None, edge_attr=None, body=None, strict=False, *, renderer=None, formatter=None,
    ):
        self.name, self.comment, self.strict = name, comment, strict
        self.filename = filename if filename is not None else f'{name or self.__class__.__name__}.gv'
        self.directory, self.format, self.engine, self.encoding = directory or '', format or 'pdf', engine or 'dot', encoding
        self.graph_attr, self.node_attr, self.edge_attr = dict(graph_attr or {}), dict(node_attr or {}), dict(edge_attr or {})
        self.body = list(body or ())

    def node(self, name, label=None, _attributes=None, **attrs):
        self.body.append(f'\t{_quote(name)}{_listed(label, attrs, _attributes)}\n')

    def edge(self, tail_name, head_name, label=None, _attributes=None, **attrs):
        ends = f'{_quote_edge(tail_name)} {self._arrow} {_quote_edge(head_name)}'
        self.body.append(f'\t{ends}{_listed(label, attrs, _attributes)}\n')

    def edges(self, tail_head_iter):
        for tail, head in tail_head_iter:
            self.edge(tail, head)

    def attr(self, kw=None, _attributes=None, **attrs):
        if kw is not None and kw.lower() not in ('graph', 'node', 'edge'):
            raise ValueError(f'attr statement must target graph, node, or edge: {kw!r}')
        if attrs or _attributes:
            line = _pairs(None, attrs, _attributes) if kw is None else kw + _listed(None, attrs, _attributes)
            self.body.append(f'\t{line}\n')

    def subgraph(self, graph=None, name=None, comment=None, graph_attr=None, node_attr=None, edge_attr=None, body=None):
        if graph is None:
            return self._within(self.__class__(
                name, comment, graph_attr=graph_attr, node_attr=node_attr, edge_attr=edge_attr, body=body
            ))
        if graph._kind != self._kind:
            raise ValueError(f'{self!r} cannot add subgraph of different kind: {graph!r}')
        self.body += [f'\t{line}' for line in graph._lines(subgraph=True)]

    @contextlib.contextmanager
    def _within(self, graph):
        yield graph
        self.subgraph(graph)

    def clear(self, keep_attrs=False):
        if not keep_attrs:
            for attributes in (self.graph_attr, self.node_attr, self.edge_attr):
                attributes.clear()
        self.body.clear()

    def copy(self):
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update({k: v.copy() if isinstance(v, (dict, list)) else v for k, v in self.__dict__.items()})
        return twin

    def _lines(self, subgraph=False):
        if self.comment:
            yield f'// {self.comment}\n'
        if subgraph and self.strict:
            raise ValueError('subgraphs cannot be strict')
        kind = ('subgraph ' if self.name else '') if subgraph else ('strict ' if self.strict else '') + self._kind + ' '
        yield kind + (_quote(self.name) + ' ' if self.name else '') + '{\n'
        for kw in ('graph', 'node', 'edge'):
            attributes = getattr(self, f'{kw}_attr')
            if attributes:
                yield f'\t{kw}{_listed(None, attributes)}\n'
        yield from self.body
        yield '}\n'

    def __iter__(self):
        return self._lines()

    @property
    def source(self):
        return ''.join(self)

    def __str__(self):
        return self.source

    @property
    def filepath(self):
        return os.path.join(self.directory, self.filename)

    def save(self, filename=None, directory=None, *, skip_existing=False):
        self.filename = filename if filename is not None else self.filename
        self.directory = directory if directory is not None else self.directory
        if os.path.dirname(self.filepath):
            os.makedirs(os.path.dirname(self.filepath), exist_ok=True)
        with open(self.filepath, 'w', encoding=self.encoding) as file:
            file.write(self.source)
        return self.filepath

    def render(self, filename=None, directory=None, view=False, cleanup=False, format=None, **options):
        saved = self.save(filename, directory)
        if options.get('outfile') is not None:
            return os.fspath(options['outfile'])
        return f'{saved}.{format or self.format}'

    def view(self, filename=None, directory=None, **options):
        return self.render(filename, directory)

    def pipe(self, format=None, **options):
        raise ExecutableNotFound('the sandbox has no dot program, so graphviz draws nothing here; `source` is the DOT text')

    def unflatten(self, *args, **options):
        return self.copy()


class Graph(_Dot):
    _kind, _arrow = 'graph', '--'
    directed = False


class Digraph(_Dot):
    _kind, _arrow = 'digraph', '->'
    directed = True


class Source(_Dot):
    """Finished DOT text."""

    def __init__(self, source, filename=None, directory=None, format=None, engine=None, encoding='utf-8', **_):
        super().__init__(None, None, filename, directory, format, engine, encoding)
        self._source = source if source.endswith('\n') else source + '\n'

    def _lines(self, subgraph=False):
        yield from self._source.splitlines(keepends=True)
