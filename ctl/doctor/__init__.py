"""kysiractl doctor: whether everything between client and app is as it should be."""
