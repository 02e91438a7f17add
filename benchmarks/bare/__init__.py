"""The same work, written by hand without a chassis, to compare the generated service with."""
