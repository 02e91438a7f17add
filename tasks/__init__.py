"""What Copier runs after it has copied the files."""
