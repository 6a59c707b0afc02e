"""Events: what became of each request, told to files, endpoints and readers without secrets."""
