"""Tests of the chassis, which the template keeps up to date together with it.

They do not depend on your code, so that they keep passing when it changes.
"""
