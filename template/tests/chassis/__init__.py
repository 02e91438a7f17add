"""Tests of the chassis, which the template keeps up to date together with it.

They bring what they look at, and go on working when your own code changes.
"""
