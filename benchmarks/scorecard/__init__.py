"""46 claims about a service, each decided by a command, a request or a parsed file."""
