"""Small questions about pieces of syntax."""

import ast
from functools import lru_cache


@lru_cache(maxsize=None)
def children(node):
    """What `ast.iter_child_nodes` gives, without the contexts; the analysis asks this of each node again and again."""
    found = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and name != 'ctx':
            found.append(value)
    return tuple(found)


def walk(node):
    """What `ast.walk` gives, without the contexts."""
    waiting = [node]
    for current in waiting:
        waiting += children(current)
        yield current


def replaced(instrumenter, term, old, new, scope):
    """A rewritten copy of an expression in which one node is another."""
    if term is old:
        return new
    fields = {}
    for name, value in ast.iter_fields(term):
        if isinstance(value, list):
            fields[name] = [
                replaced(instrumenter, v, old, new, scope) if isinstance(v, ast.AST) else v for v in value
            ]
        else:
            fields[name] = replaced(instrumenter, value, old, new, scope) if isinstance(value, ast.AST) else value
    return ast.copy_location(type(term)(**fields), term)


def value_of(statement, target):
    if isinstance(statement, ast.Call):
        if len(statement.args) == 3:
            return statement.args[2]
        return next(word.value for word in statement.keywords if word.arg == target.attr)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Tuple, ast.List)):
        places = statement.targets[0].elts
        if isinstance(statement.value, (ast.Tuple, ast.List)) and target in places:
            return statement.value.elts[places.index(target)]
    return getattr(statement, 'value', None) or statement.iter


def made_from(node):
    return node.value if isinstance(node, ast.stmt) else node


def binds(target, name):
    return any(isinstance(n, ast.Name) and n.id == name for n in walk(target)) and not isinstance(
        target, (ast.Attribute, ast.Subscript)
    )


def root_of(node):
    """The name at the root of an expression: `f` in `f.outputs[0]()`, `xs` in `zip(xs, ys)`."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.args:
                node = node.args[0]
            else:
                node = node.func
        else:
            return None


def is_local(name, scope):
    return any(name.id in place.params or name.id in place.bindings for place in scope.ancestors() if place.is_function)


def vararg(scope):
    given = scope.node.args
    return given.vararg.arg if given.vararg else None


def listed(node):
    """Names in the tuples, lists and sets that a constructor call is given, and names given as they are."""
    if isinstance(node, ast.Call):
        for argument in node.args + [w.value for w in node.keywords]:
            if isinstance(argument, ast.Name):
                yield argument.id
            elif isinstance(argument, (ast.Tuple, ast.List, ast.Set)):
                for element in walk(argument):
                    if isinstance(element, ast.Name):
                        yield element.id


def path_of(node):
    """`loss`, `model.w`, `xs[0]`; None for anything else, and for what `self` holds: that depends on the object."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = path_of(node.value)
        return None if base is None or base == 'self' else base + '.' + node.attr
    if isinstance(node, ast.Subscript):
        base = path_of(node.value)
        index = node.slice.value if type(node.slice).__name__ == 'Index' else node.slice
        if base is not None and isinstance(index, ast.Constant) and isinstance(index.value, (int, str)):
            return '%s[%r]' % (base, index.value)
    return None
