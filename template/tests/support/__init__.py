"""Support code for tests with real processes; the template keeps this folder up to date."""
