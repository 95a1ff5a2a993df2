"""Runs a Python script unchanged and records every value and gradient of the autograd engine it uses."""

from .run import run

__all__ = ['run']
