"""Who users are and how they prove it, for the web and for commands alike."""
