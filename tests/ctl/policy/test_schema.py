"""kysiractl policy schema."""

import json
from pathlib import Path

from tests.ctl.command import run

PUBLISHED = Path(__file__).parents[3] / "docs" / "kysira.schema.json"


def test_schema_is_the_published_one() -> None:
    """An editor gets from here what the documents have."""
    done = run("policy", "schema")
    assert (done.code, done.err) == (0, "")
    assert done.out == PUBLISHED.read_text()
    assert json.loads(done.out)["title"] == "kysira.yaml"
