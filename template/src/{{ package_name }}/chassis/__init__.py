"""The chassis: what every service of this kind has, kept up to date by the template.

Your own code lives beside this package. You may edit the chassis, and an update will merge your
edits, but there should be no need to.
"""
