"""Where code runs: a tree of calls and loop iterations of the user's own, non-engine code."""

from .sites import loops_around
from .wire import CALL, LOOP


class _Run:
    """One frame: a call that is under way, or was the last one seen."""

    __slots__ = ('frame', 'code', 'row', 'parent', 'children', 'iterations', 'receiver', 'loop', 'count', 'iteration')

    def __init__(self, frame, code, row, parent):
        self.frame = frame
        self.code = code
        self.row = row
        self.parent = parent
        self.children = []
        self.iterations = []
        self.receiver = None
        # The row of the iteration of an outermost loop, for the probes.
        self.loop = self.count = self.iteration = -1


class Calls:
    """`counts[loop]` is the running iteration of each instrumented loop; the probes of the loops keep it."""

    def __init__(self, writer, sites, codes, loops, names):
        self._writer = writer
        self._sites = sites
        self._codes = codes
        self._loops = loops
        self._names = names
        self.runs = {}
        self._by_path = {}
        self._known = 0
        self._count = 0
        self.counts = []
        self._append = writer.rows['call'].extend
        self._headers = {}

    def row(self, frame, code):
        """The row of the innermost call or iteration that a frame is in now, -1 at module level."""
        return self._row_in(self._run(frame, code))

    def locate(self, frame, code):
        """The rows of the site and of the call that a frame is at."""
        lasti = frame.f_lasti
        row = self.row(frame, code)
        loops = code.loops[lasti]
        site = self._sites.at(code, lasti)
        code.places[lasti] = site, loops[0] if len(loops) == 1 else -1 if loops else None
        code.run = self.runs[id(frame)]
        return site, row

    def iterate(self, run, loop, count):
        """The row of an iteration of the only loop around."""
        known = run.iterations
        if known and known[0][0] == loop and known[0][1] == count:
            row = known[0][2]
        else:
            row = self._count
            self._count = row + 1
            self._append((run.row, LOOP, -1, -1, self._header(loop), count))
            known[:] = ((loop, count, row, run.row),)
        run.loop = loop
        run.count = count
        run.iteration = row
        return row

    def _header(self, loop):
        site = self._headers.get(loop)
        if site is None:
            known = self._loops[loop]
            site = self._headers[loop] = self._sites.of_header(known.module, known.node)
        return site

    def clear(self):
        for run in self.runs.values():
            run.code.run = None
        self.runs.clear()

    def _run(self, frame, code):
        run = self.runs.get(id(frame))
        if run is not None and run.frame is frame:
            return run
        return self._enter(frame, code)

    def _enter(self, frame, code):
        chain = [(frame, code)]
        parent = None
        while True:
            frame = frame.f_back
            while frame is not None:
                code = self._codes.get(id(frame.f_code))
                if code is not None and not code.engine:
                    break
                frame = frame.f_back
            if frame is None:
                break
            known = self.runs.get(id(frame))
            if known is not None and known.frame is frame:
                parent = known
                break
            chain.append((frame, code))
        for frame, code in reversed(chain):
            parent = self._add(frame, code, parent)
        return parent

    def _add(self, frame, code, parent):
        run = _Run(frame, code, -1, parent)
        if parent is not None:
            run.row = self._row_in(parent)
            # A plain call must have returned before its caller makes the next one; generators may be suspended.
            for other in list(parent.children):
                if not other.code.generator or len(parent.children) > 4:
                    self._drop(other)
                    parent.children.remove(other)
            parent.children.append(run)
        if code.comprehension:
            run.receiver = parent.receiver if parent is not None else None
        elif code.scope.is_function:
            run.row = self._write_call(run, code, parent)
        self.runs[id(frame)] = run
        return run

    def _drop(self, run):
        waiting = [run]
        while waiting:
            gone = waiting.pop()
            waiting.extend(gone.children)
            if self.runs.get(id(gone.frame)) is gone:
                del self.runs[id(gone.frame)]
            if gone.code.run is gone:
                gone.code.run = None
            # Nothing refers to it in a circle: it goes now, and with it its frame and what that holds.
            gone.parent = gone.frame = None
            gone.children = ()

    def _write_call(self, run, code, parent):
        instance = None
        receiver = code.scope.receiver
        if receiver is not None:
            run.receiver = run.frame.f_locals.get(receiver)
            above = parent
            while above is not None and above.receiver is None:
                above = above.parent
            instance = self._names.instance(run.receiver, above.receiver if above is not None else None)
        site = self._sites.at(parent.code, parent.frame.f_lasti) if parent is not None else -1
        return self._write(run.row, CALL, code.qualname, instance, site, -1)

    def _write(self, parent, kind, function, instance, site, iteration):
        text = self._writer.text
        self._writer.rows['call'].extend((parent, kind, text(function), text(instance), site, iteration))
        self._count += 1
        return self._count - 1

    def _row_in(self, run):
        row = run.row
        lasti = run.frame.f_lasti
        loops = run.code.loops.get(lasti)
        if loops is None:
            loops = run.code.loops[lasti] = loops_around(run.code, run.code.span(lasti), self._loops_by_path())
        if not loops:
            return row
        counts = self.counts
        if len(loops) == 1:
            loop = loops[0]
            count = counts[loop]
            return run.iteration if run.loop == loop and run.count == count else self.iterate(run, loop, count)
        known = run.iterations
        for depth, loop in enumerate(loops):
            count = counts[loop]
            if depth < len(known):
                entry = known[depth]
                if entry[0] == loop and entry[1] == count and entry[3] == row:
                    row = entry[2]
                    continue
                del known[depth:]
            above = row
            site = self._header(loop)
            row = self._count
            self._count = row + 1
            self._append((above, LOOP, -1, -1, site, count))
            known.append((loop, count, row, above))
        return row

    def _loops_by_path(self):
        if self._known != len(self._loops):
            for number in range(self._known, len(self._loops)):
                loop = self._loops[number]
                self._by_path.setdefault(loop.module.path, []).append((loop.node, number))
            self._known = len(self._loops)
        return self._by_path
