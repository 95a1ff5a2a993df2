"""Where code runs: a tree of calls and loop iterations of the user's own, non-engine code."""

from itertools import count

from .sites import Loops
from .wire import CALL, LOOP


class _Run:
    """One frame: a call that is under way, or was the last one seen."""

    __slots__ = (
        'frame', 'code', 'places', 'row', 'parent', 'children', 'receiver', 'loop', 'count', 'iteration', 'inner',
    )

    def __init__(self, frame, code, parent):
        self.frame = frame
        self.code = code
        self.places = code.places
        self.row = -1
        self.parent = parent
        self.children = ()
        self.receiver = None
        # The outermost loop, how often it has run, the row of that; the same of the loops in it.
        self.loop = self.count = self.iteration = -1
        self.inner = None


class Calls:
    """`counts[loop]` is the running iteration of each instrumented loop; the probes of the loops keep it."""

    def __init__(self, writer, sites, codes, loops, names):
        self._writer = writer
        self._sites = sites
        self._codes = codes
        self._loops = Loops(loops, sites)
        self._names = names
        # By frame: frames are the same only when they are one.
        self.runs = {}
        self.counts = []
        self.next_row = count().__next__
        self.add = writer.rows['call'].extend

    def row(self, frame, code):
        """The row of the innermost call or iteration that a frame is in now, -1 at module level."""
        return self._row_in(self._run(frame, code), frame.f_lasti)

    def locate(self, frame, code):
        """The rows of the site and of the call that a frame is at."""
        lasti = frame.f_lasti
        row = self._row_in(self._run(frame, code), lasti)
        if lasti not in code.places:
            loops = code.loops[lasti]
            alone = len(loops) == 1
            loop = loops[0] if alone else -1 if loops else None
            code.places[lasti] = self._sites.at(code, lasti), loop, self._loops.header(loop) if alone else -1
        return code.places[lasti][0], row

    def clear(self):
        self.runs.clear()

    def _run(self, frame, code):
        run = self.runs.get(frame)
        return run if run is not None else self._enter(frame, code)

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
            parent = self.runs.get(frame)
            if parent is not None:
                break
            chain.append((frame, code))
        for frame, code in reversed(chain):
            parent = self._add(frame, code, parent)
        return parent

    def _add(self, frame, code, parent):
        run = _Run(frame, code, parent)
        if parent is not None:
            lasti = parent.frame.f_lasti
            run.row = self._row_in(parent, lasti)
            # A plain call must have returned before its caller makes the next one; generators may be suspended.
            children = []
            for other in parent.children:
                if not other.code.generator or len(parent.children) > 4:
                    self._drop(other)
                else:
                    children.append(other)
            children.append(run)
            parent.children = children
        if code.comprehension:
            run.receiver = parent.receiver if parent is not None else None
        elif code.scope.is_function:
            run.row = self._write_call(run, code, parent)
        self.runs[frame] = run
        return run

    def _drop(self, run):
        waiting = [run]
        while waiting:
            gone = waiting.pop()
            waiting.extend(gone.children)
            self.runs.pop(gone.frame, None)
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
        text = self._writer.text
        self.add((run.row, CALL, text(code.qualname), text(instance), site, -1))
        return self.next_row()

    def _row_in(self, run, lasti):
        row = run.row
        loops = run.code.loops.get(lasti)
        if loops is None:
            loops = self._loops.around(run.code, lasti)
        if not loops:
            return row
        counts = self.counts
        loop = loops[0]
        times = counts[loop]
        if run.loop != loop or run.count != times:
            run.loop = loop
            run.count = times
            run.iteration = self.next_row()
            self.add((row, LOOP, -1, -1, self._loops.header(loop), times))
            run.inner = None
        row = run.iteration
        if len(loops) == 1:
            return row
        known = run.inner
        if known is None:
            known = run.inner = []
        for depth, loop in enumerate(loops[1:]):
            times = counts[loop]
            if depth < len(known):
                if known[depth][:2] == (loop, times):
                    row = known[depth][2]
                    continue
                del known[depth:]
            above = row
            row = self.next_row()
            self.add((above, LOOP, -1, -1, self._loops.header(loop), times))
            known.append((loop, times, row))
        return row
