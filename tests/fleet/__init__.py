"""Tests of `twelvestar fleet`."""
