"""HTTP/1.1 between a client and the app, byte for byte; knows nothing of scores."""
