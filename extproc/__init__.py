"""kysira-ext-proc: Envoy's External Processing protocol in front of the guard."""

import os

# Before gRPC is imported: its core writes to stderr, in C++ terms, what is said here in ours.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
