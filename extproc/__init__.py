"""kysira-ext-proc: Envoy's External Processing protocol in front of the guard."""
