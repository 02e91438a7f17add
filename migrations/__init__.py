"""What an update needs beyond a merge: a module for each release that needs one.

The modules are named after their releases, and their functions are run in the order of the
releases, each whenever an update comes from before its release and reaches it.
"""
