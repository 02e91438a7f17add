"""Updates: every release that there was, to this tree, for the people who use the template."""
