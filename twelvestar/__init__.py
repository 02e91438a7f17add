"""The command that makes services from this template, and updates them, one or a fleet."""
