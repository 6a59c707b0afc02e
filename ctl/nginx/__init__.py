"""nginx: its configuration rendered and tested, its program found."""
