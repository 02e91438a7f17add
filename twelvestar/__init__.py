"""The command that generates services from Twelvestar, and updates one of them or all."""
