"""What the engine says of one request."""
