"""What is rendered as Kubernetes objects: names, labels, services."""
