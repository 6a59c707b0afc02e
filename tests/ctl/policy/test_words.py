"""Parts of a policy in a few words."""

from typing import Any

import pytest

from ctl.policy.words import worded


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"), ({}, "-"), (True, "true"), (0.95, "0.95"), (300, "300"), ("active", "active"),
        (["a", "b"], "a,b"), ([], "[]"),
        ({"inspect_body": False, "match": {"path": "/a", "methods": ["POST", "PUT"]}},
         "inspect_body=false match.path=/a match.methods=POST,PUT"),
        ({"reason": "it is, so", "x": "", "y": "a=b"}, 'reason="it is, so" x="" y="a=b"'),
    ],
)  # fmt: skip
def test_value_is_worded_as_yaml_writes_it(value: Any, words: str) -> None:
    """In pairs of key and value, with quotes where it would not be seen where one ends."""
    assert worded(value) == words
