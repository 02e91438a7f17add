"""Results that are kept for a while."""

from .functions import CachedFunction, cached

__all__ = ["CachedFunction", "cached"]
