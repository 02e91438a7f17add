"""Time and memory of the generated service, compared with the bare libraries in the same run."""
