"""The `twelvestar` command: generate a service, update one, or update a fleet."""
