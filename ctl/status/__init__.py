"""How every service is, at a glance."""
