"""Runs a script as `python script.py` would, recorded or plain, and says how it ended."""

import gc
import importlib.machinery
import os
import re
import sys
import traceback
import types

from .interrupt import Interrupt
from .modules import Capture, Finder, decode, is_below
from .events import Limit
from .sites import utf16_column

# Objects, about 75 MB of them, after which Python's collector looks for garbage. A graph is long-lived and full of
# cycles: with the default of 700 a script that builds one spends most of its time looking through it. It stays when
# the script is over: a collection would follow at once, and the process is over soon.
_ALLOCATIONS = 750_000
# Bytes that are given back when the script is over: one that used up all memory leaves enough to say so, and to hand
# over what was recorded.
_RESERVE = 8 << 20
_HERE = os.path.dirname(os.path.abspath(__file__))


def run(
    script, args, send, *, argv0=None, capture=True, max_nodes=2_000_000, user_roots=(), shown=str, follow=None,
    exchange=None, keep=None
):
    """Runs `script` as `__main__` with `sys.argv[1:] = args`; `argv0` is the script's name as it was typed.

    `send` gets chunks of the wire format (bytes), the first before the script starts, the last before this returns.
    `shown` gives the form in which paths leave this process: in the recording, tracebacks and sites. `follow` says
    whether every number is followed (watch.py); by default that is so where the analysis is not sure of the engine.
    With `exchange` the script waits where a debugger wants it to (gate.py).
    Modules below the script's folder or `user_roots` are the user's own. With `capture=False` nothing is instrumented
    and nothing but the preamble and the facts of the run is sent. Returns a dict in the shape of `RunEnd` in
    src/protocol/runtime.ts: kind `done`, `raised` or `limit`.
    """
    script_path = os.path.abspath(script)
    # A script reached through a link finds its modules where it really lies.
    folder = os.path.dirname(os.path.realpath(script_path))
    roots = [folder, os.path.dirname(script_path)] + [os.path.abspath(root) for root in user_roots]
    recording = Capture(send, max_nodes, roots, shown, follow, exchange, keep)
    recorder = recording.recorder
    recorder.meta('script', shown(script))
    recorder.meta('interpreter', 'Python ' + sys.version.split()[0])
    recorder.meta('tracer', 'python')
    recorder.flush()

    # As the interpreter itself does since 3.9.
    filename = script_path if sys.version_info >= (3, 9) else script
    main = types.ModuleType('__main__')
    main.__dict__.update(__file__=filename, __builtins__=sys.modules['builtins'], __cached__=None)
    main.__loader__ = importlib.machinery.SourceFileLoader('__main__', filename)
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.modules['__main__'] = main
    sys.argv = [script if argv0 is None else argv0] + list(args)
    if not sys.path or sys.path[0] != folder:
        sys.path.insert(0, folder)

    finder = None
    interrupt = Interrupt(recording)
    recursion_limit = sys.getrecursionlimit()
    hook = sys.excepthook
    if capture:
        gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    reserve = bytes(_RESERVE if capture else 0)
    try:
        code = _prepare(recording, script, filename, script_path, capture, main)
        # The script's own frames get all of the limit.
        sys.setrecursionlimit(recursion_limit + _depth())
        if capture:
            finder = Finder(recording)
            sys.meta_path.insert(0, finder)
            interrupt.start()
            if recording.gate is not None:
                recording.gate.listen()
        exec(code, main.__dict__)
        end = {'kind': 'done', 'exitCode': 0}
    except SystemExit as stop:
        end = {'kind': 'done', 'exitCode': _exit_code(stop)}
    except Limit:
        end = {'kind': 'limit', 'limit': 'nodes', 'message': 'the recording ended at %d values' % max_nodes}
    except BaseException as error:
        reserve = None
        end = {'kind': 'raised', 'error': _report(error, roots, shown, hook)}
    finally:
        interrupt.stop()
        if finder is not None:
            sys.meta_path.remove(finder)
    reserve = None
    _flush_output()
    try:
        _finish(recording, end, capture)
    except MemoryError:
        # What was sent stays, and so does the last draft (drafts.py); how the script ended is known all the same.
        pass
    return end


def _prepare(recording, script, filename, script_path, capture, main):
    """Compiles the script; a syntax error is the script's own."""
    with open(script, 'rb') as file:
        data = file.read()
    plain = compile(data, filename, 'exec', dont_inherit=True)
    if not capture:
        return plain
    try:
        module = recording.read(script_path)
        if module is None:
            return plain
        recording.program.solve()
        code = recording.compile_script(module, filename, plain)
    except Exception as error:
        # The script must not suffer from what the analysis does not understand.
        text = 'the script ran without being recorded: its code could not be analysed (%r)' % error
        recording.recorder.event('notice', text)
        return plain
    recording.start(main.__dict__)
    return code


def _finish(recording, end, capture):
    recorder = recording.recorder
    if capture:
        recording.finish()
        # Of a script that failed before it computed anything, the failure is the news.
        if end['kind'] != 'raised' or recorder.nodes:
            recording.describe()
    if end['kind'] == 'raised':
        recorder.event('exception', '%s: %s' % (end['error']['type'], end['error']['message']))
    elif end['kind'] == 'limit':
        recorder.event('limit', end['message'])
    else:
        recorder.event('exit', str(end['exitCode']))
    recorder.flush()


def _depth():
    """Frames below the script's first one; before 3.12 the call of `exec` counts as one too."""
    depth, frame = -1 if sys.version_info >= (3, 12) else 0, sys._getframe()
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return depth


def _exit_code(stop):
    code = stop.code
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code) & 0xFF
    try:
        print(code, file=sys.stderr)
    except Exception:
        pass
    return 1


def _flush_output():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def _report(error, roots, shown, hook):
    """Prints the error as the interpreter would, by `hook` unless the script has set another; describes it."""
    _strip(error)
    lines = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
    text = re.sub(r'(?<=^  File ")[^"\n]+', lambda found: shown(found[0]), lines, flags=re.MULTILINE)
    try:
        if text != lines and sys.excepthook is hook:
            sys.stderr.write(text)
        else:
            sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        traceback.print_exception(type(error), error, error.__traceback__)
    try:
        message = str(error)
    except Exception:
        message = '<exception str() failed>'
    site = _syntax_site(error) if isinstance(error, SyntaxError) else _site(error.__traceback__, roots)
    return {
        'type': type(error).__name__,
        'message': message,
        'traceback': text,
        'site': site and {**site, 'file': shown(site['file'])},
        'hint': None,
    }


def _strip(error):
    """Takes the frames of the tracer and of this scaffolding out of an exception and of those it is chained to."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        kept = []
        frame = current.__traceback__
        while frame is not None:
            if not _is_ours(frame.tb_frame.f_code.co_filename):
                kept.append(frame)
            frame = frame.tb_next
        below = None
        for frame in reversed(kept):
            if frame.tb_next is not below:
                frame.tb_next = below
            below = frame
        current.__traceback__ = below
        waiting += [current.__cause__, current.__context__]
        waiting += getattr(current, 'exceptions', ())


def _is_ours(filename):
    return filename.startswith(_HERE + os.sep)


def _site(frame, roots):
    """The innermost place in the script's own folder; failing that, in another of the user's."""
    own = other = None
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        if is_below(path, roots[:2]):
            own = frame
        elif is_below(path, roots[2:]):
            other = frame
        frame = frame.tb_next
    found = own or other
    if found is None:
        return None
    code, line = found.tb_frame.f_code, found.tb_lineno
    span = None
    if hasattr(code, 'co_positions') and found.tb_lasti >= 0:
        span = list(code.co_positions())[found.tb_lasti // 2]
    text = _Lines(code.co_filename)
    if span is None or None in span:
        whole = text.lines[line - 1] if line <= len(text.lines) else ''
        span = line, line, len(whole) - len(whole.lstrip()), len(whole.encode())
    start, end, column, end_column = span
    return {
        'file': code.co_filename,
        'startLine': start, 'startColumn': utf16_column(text, start, column),
        'endLine': end, 'endColumn': utf16_column(text, end, end_column),
    }


def _syntax_site(error):
    if error.filename is None or error.lineno is None:
        return None
    text = _Lines(error.filename)
    start = max((error.offset or 1) - 1, 0)
    end_line = getattr(error, 'end_lineno', None) or error.lineno
    end = getattr(error, 'end_offset', None)
    end = end - 1 if end and end > 0 else start + 1
    return {
        'file': error.filename,
        'startLine': error.lineno, 'startColumn': _units(text, error.lineno, start),
        'endLine': end_line, 'endColumn': max(_units(text, end_line, end), 0),
    }


def _units(text, line, characters):
    """UTF-16 units of the first characters of a line."""
    whole = text.lines[line - 1] if 0 < line <= len(text.lines) else ''
    return characters if whole.isascii() else len(whole[:characters].encode('utf-16-le')) // 2


class _Lines:
    def __init__(self, path):
        try:
            self.lines = decode(path).split('\n')
        except (OSError, SyntaxError, UnicodeDecodeError):
            self.lines = []
