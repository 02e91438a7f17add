"""`make site`: build the site of the template from its documents."""
