"""Other templates, generated and run by their documented commands, beside this one."""
