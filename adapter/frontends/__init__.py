"""Between HTTP and the guard: fill a request, ask, obey."""
