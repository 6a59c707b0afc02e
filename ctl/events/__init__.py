"""What the firewall decided: followed live, searched, and taken elsewhere."""
