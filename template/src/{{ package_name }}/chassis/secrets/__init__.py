"""Sources of secrets other than the environment."""
