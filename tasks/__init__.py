"""The task that Copier runs after generating a project."""
