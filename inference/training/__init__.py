"""Training of the models that the engine ships with: ``kysira-train``."""
