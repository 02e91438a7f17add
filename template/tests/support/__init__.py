"""What the tests need to run the service for real; the template keeps this folder up to date."""
