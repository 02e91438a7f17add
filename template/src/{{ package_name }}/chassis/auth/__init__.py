"""User accounts and authentication, for the web and for commands."""
