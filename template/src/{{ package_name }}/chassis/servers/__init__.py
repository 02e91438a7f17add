"""What only `dev` and the tests use: processes that start again, and backing services from wheels.

Production has none of it: there, backing services are attached by their addresses.
"""
