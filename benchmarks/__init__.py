"""What the generated service costs, beside the bare libraries in the same run."""
