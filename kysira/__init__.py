"""What every Kysira service shares: requests, verdicts, policy, guard, metrics, management."""

__version__ = "0.1.0"
