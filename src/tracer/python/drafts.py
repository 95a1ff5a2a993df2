"""What a followed run would show if it ended now, handed over while it runs: a run that is killed keeps the last of it.

Only at the end does retell.py know what happened, and a hard kill leaves no end. So the trail is told ahead of time, to a
recorder that is thrown away: at 64 events, at twice as many, and so on while that is quick, and every now and then, as
long as it takes a small part of the time.
"""

import math
import time

from .record import Recorder
from .sites import Sites

_FIRST = 64
_GROWTH = 2
# Seconds that a draft may take without being missed.
_QUICK = 0.05
# Events after which the clock is looked at, and seconds after which the count of what was followed is told.
_STRIDE = 4096
_TOLD = 0.2
# Seconds from one draft to the next, and how many times as long as the last one took.
_PAUSE = 1.0
_SHARE = 8


class Abandoned(BaseException):
    """The run is being ended: a draft is worth nothing any more."""


class Drafts:
    """Makes drafts of one trail; `keep(events, data)` gets how much was followed, and the draft or b''."""

    def __init__(self, capture, keep):
        self._capture = capture
        self._keep = keep
        self._next = _FIRST
        self._told = self._made = time.monotonic()
        self._took = 0.0
        self.busy = False

    @property
    def first(self):
        return _FIRST

    def take(self, trail):
        """Called when the trail has reached the length that was asked for; returns the next such length."""
        count, now = len(trail.events), time.monotonic()
        if not trail.blind and (count >= self._next or now - self._made > max(_PAUSE, _SHARE * self._took)):
            self._make(trail)
            self._next = max(self._next, count) * _GROWTH if self._took < _QUICK else math.inf
        elif now - self._told > _TOLD:
            self._keep(count, b'')
            self._told = now
        return min(self._next, count + _STRIDE)

    def _make(self, trail):
        start = time.monotonic()
        try:
            self.busy = True
            data = self._tell(trail)
        except (Abandoned, Exception):
            # What cannot be told now may be told later, or at the end.
            data = b''
        finally:
            self.busy = False
            for code in self._capture.codes.values():
                code.sites.clear()
        self._keep(len(trail.events), data)
        self._told = self._made = time.monotonic()
        self._took = self._made - start

    def _tell(self, trail):
        """The bytes that would follow what was sent so far."""
        capture, chunks = self._capture, []
        capture.recorder.flush()
        recorder = Recorder(chunks.append, capture.recorder.probes, None, capture.program, capture.recorder.max_nodes)
        recorder.writer = capture.recorder.writer.fork(chunks.append)
        recorder.sites = Sites(recorder.writer, capture.sites.shown)
        recorder.names = capture.recorder.names
        recorder.tick = capture.recorder.tick
        found = capture.tell(trail, recorder)
        if not recorder.nodes:
            return b''
        recorder.name_paths()
        recorder.event('engine', found.text)
        recorder.event('notice', 'the run was ended from outside: what is shown is what had happened at the %d-th number '
                       'that was followed' % len(trail.events))
        recorder.flush()
        return b''.join(chunks)
