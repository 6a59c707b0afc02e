"""kysiractl policy schema: what an editor checks kysira.yaml with."""

import sys


def schema() -> None:
    """Print the JSON Schema of kysira.yaml."""
    from kysira.policy_file import policy_schema_text  # noqa: PLC0415 - pydantic

    sys.stdout.write(policy_schema_text())
