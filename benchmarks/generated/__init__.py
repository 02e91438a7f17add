"""Scripts that run inside the generated service's own environment."""
