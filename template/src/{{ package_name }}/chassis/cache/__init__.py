"""Caching of function results."""

from .functions import CachedFunction, cached

__all__ = ["CachedFunction", "cached"]
