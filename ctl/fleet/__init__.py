"""The running services that a command is about: found, and asked all at once."""
