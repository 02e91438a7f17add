"""Updates of all services of an organisation, as changes that people review.

It finds the services, spreads the work, proposes and remembers. What an update is, it takes from
the release that the services go to: nothing here imports `updating` by itself.
"""
