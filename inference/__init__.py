"""The detection engine: fields, normalisation, detectors, models and the service around them."""
