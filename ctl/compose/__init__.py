"""A docker-compose.yaml and the files that it needs beside it."""
