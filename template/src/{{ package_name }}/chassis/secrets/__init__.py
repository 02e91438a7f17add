"""Where secrets are kept besides the environment."""
