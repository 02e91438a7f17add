"""Tests of updates, from every release to this tree, with projects edited by simulated users."""
