"""A folder for `kubectl apply -k`, or its objects as one stream."""
