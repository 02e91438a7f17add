"""`make test-newest`: run the suites of generated services with the newest packages.

If a suite breaks, the package whose new version broke it is searched for, and the text of an issue
names it.
"""
