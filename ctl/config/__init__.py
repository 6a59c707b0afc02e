"""kysiractl's own configuration: what it talks to, and with which token."""
