"""Tests of two releases that run beside each other, as during a rollout."""
