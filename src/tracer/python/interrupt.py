"""Ctrl-C while a script runs: hands over what was recorded, then interrupts it as Python itself would."""

import os
import signal

from .drafts import Abandoned

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Interrupt:
    """Python's own handler with a flush before it, from `start` to `stop` unless the script sets its own."""

    def __init__(self, capture):
        self._capture = capture
        self._installed = False

    def start(self):
        # Another thread may not set handlers, and a program that has its own keeps it.
        try:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._take)
                self._installed = True
        except ValueError:
            pass

    def stop(self):
        if self._installed and signal.getsignal(signal.SIGINT) == self._take:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _take(self, number, frame):
        if _in_tracer(frame):
            # Its tables are half written: the next probe of the script ends what this one cannot.
            self._capture.at_next_probe(self._raise)
            if self._capture.drafts is not None and self._capture.drafts.busy:
                raise Abandoned()
        else:
            self._raise()

    def _raise(self, *_):
        self._capture.hand_over()
        raise KeyboardInterrupt()


def _in_tracer(frame):
    """Whether a probe is running: any of this folder's frames above the script's own."""
    while frame is not None and frame.f_globals.get('__name__') != '__main__':
        if frame.f_code.co_filename.startswith(_HERE):
            return True
        frame = frame.f_back
    return False
