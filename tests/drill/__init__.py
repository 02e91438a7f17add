"""A drill: the database and the broker of a service fail under load."""
