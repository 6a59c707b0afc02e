"""Reading Envoy's JSON: whatever is missing or of another kind has a default."""

import pytest

from ctl.doctor.node import flag, has, kind, message, node, number, rows, seconds, text, texts

TREE = {
    "a": {"b": {"c": 1, "on": True, "name": "x", "empty": {}}},
    "list": [{"x": 1}, "no", {"y": 2}], "names": ["p", 1, "q"], "big": "131072", "time": "0.500s",
}  # fmt: skip


def test_parts_are_found() -> None:
    """Each reader returns what is at the path."""
    assert node(TREE, "a", "b", "empty") == {}
    assert rows(TREE, "list") == [{"x": 1}, {"y": 2}]
    assert texts(TREE, "names") == ["p", "q"]
    assert text(TREE, "a", "b", "name") == "x"
    assert flag(TREE, "a", "b", "on")
    assert number(TREE, "a", "b", "c") == 1
    assert number(TREE, "big") == 131072  # 64 bits are written as text
    assert seconds(TREE, "time", default=9) == 0.5
    assert has(TREE, "a", "b", "empty")
    assert kind({"@type": "type.googleapis.com/envoy.x.v3.Router"}) == "Router"


@pytest.mark.parametrize("value", [None, [], "text", 3, {"a": None}, {"a": "b"}, {"a": [1]}])
def test_missing_parts_have_defaults(value: object) -> None:
    """Nothing that an Envoy answers raises."""
    assert node(value, "a", "b") == {}
    assert rows(value, "a", "b") == []
    assert texts(value, "a", "b") == []
    assert text(value, "a", "b") == ""
    assert not flag(value, "a", "b")
    assert number(value, "a", "b", default=7) == 7
    assert seconds(value, "a", "b", default=7) == 7
    assert not has(value, "a", "b")
    assert kind(value) == ""


def test_true_is_no_number() -> None:
    """JSON's booleans are no numbers, whatever Python says."""
    assert number({"a": True}, "a", default=5) == 5


def test_struct_is_the_message_that_it_holds() -> None:
    """Settings that a control plane wrote without knowing their type are as any others."""
    written = {
        "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
        "type_url": "type.googleapis.com/envoy.x.v3.Router", "value": {"a": 1},
    }  # fmt: skip
    plain = {"a": 1, "@type": "type.googleapis.com/envoy.x.v3.Router"}
    assert message(written) == plain
    assert message(plain) is plain
