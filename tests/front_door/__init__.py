"""Tests of the command `twelvestar`."""
