/** What the tracer, the harness and scripts use, imported once and frozen into the snapshot. */
export const preload =
  'import abc, array, ast, bisect, builtins, collections, contextlib, copy, ctypes, dataclasses, dis, enum, functools, ' +
  'gc, importlib.util, inspect, io, itertools, json, linecache, math, operator, os, random, re, socket, statistics, ' +
  'string, struct, subprocess, textwrap, time, tokenize, traceback, types, typing, weakref\n' +
  "import sys\nsys.path[:0] = ['/backprop/harness', '/backprop/tracer']\n" +
  'import backprop_doors, backprop_harness, backprop_tracer\ndel sys.path[:2]\n' +
  // Nothing of this ever becomes garbage: the collector need not look through it again.
  'gc.collect()\ngc.freeze()'
