"""The same work, written by hand without a chassis: what the generated service is held against."""
