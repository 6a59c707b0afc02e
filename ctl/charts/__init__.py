"""The values of the Helm charts: which there are, what they default to, and files of them."""
