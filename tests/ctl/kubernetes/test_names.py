"""Names, labels and services as options write them."""

import pytest

from ctl.kubernetes.names import (
    Service,
    read_existing,
    read_labels,
    read_name,
    read_namespace,
    read_service,
)


@pytest.mark.parametrize("text", ["kysira", "a", "a-1", "x" * 63])
def test_name_is_read(text: str) -> None:
    """What Kubernetes takes as an object's name."""
    assert read_name(text) == text


@pytest.mark.parametrize("text", ["", "A", "-a", "a-", "1a", "a.b", "a_b", "x" * 64, "a\n", "ä"])
def test_bad_name_is_refused(text: str) -> None:
    """And what it does not."""
    with pytest.raises(ValueError, match="not a name"):
        read_name(text)


def test_namespace_may_begin_with_a_digit() -> None:
    """As Kubernetes lets it (RFC 1123): a name of ours may not."""
    assert read_namespace("1password") == "1password"
    for text in ("", "A", "a.b", "-a", "x" * 64):
        with pytest.raises(ValueError, match="not a namespace"):
            read_namespace(text)
    assert read_service("guard.1password.svc:1") == Service("guard", "1password", 1)


def test_name_of_what_is_there_may_have_dots() -> None:
    """Secrets are called after hosts: whoever renders did not choose that name."""
    for text in ("shop.example-tls", "1.5", "x" * 253):
        assert read_existing(text) == text
    for text in ("", "A", "a..b", "a.", ".a", "-a", "*", "x" * 254, "a\n"):
        with pytest.raises(ValueError, match="not a name"):
            read_existing(text)


def test_labels_are_sorted() -> None:
    """From several options, or from one with commas; the order of writing is of no effect."""
    texts = ["tier=web,app.kubernetes.io/name=shop", "app="]
    assert list(read_labels(texts).items()) == [
        ("app", ""), ("app.kubernetes.io/name", "shop"), ("tier", "web"),
    ]  # fmt: skip
    assert read_labels([]) == {}


def test_double_equals_is_equals() -> None:
    """As kubectl has it."""
    assert read_labels(["app==shop,tier=web"]) == {"app": "shop", "tier": "web"}


@pytest.mark.parametrize("text", ["app in (a,b)", "app notin (a)", "!app", "app!=x"])
def test_set_of_values_is_refused(text: str) -> None:
    """Istio matches by equality alone: told, with the whole expression."""
    with pytest.raises(ValueError, match="by equality"):
        read_labels([text])


@pytest.mark.parametrize("text", ["app", "=x", "a=b c", "/a=b", "a=-b", "a/b/c=d", "a=" + "x" * 64])
def test_bad_label_is_refused(text: str) -> None:
    """Naming it."""
    with pytest.raises(ValueError, match="is not a label"):
        read_labels([text])


def test_contradicting_labels_are_refused() -> None:
    """No workload has two values of a label."""
    assert read_labels(["a=1", "a=1"]) == {"a": "1"}
    with pytest.raises(ValueError, match="two values"):
        read_labels(["a=1", "a=2"])


@pytest.mark.parametrize("host", ["guard.ns", "guard.ns.svc", "guard.ns.svc.cluster.local"])
def test_service_is_read(host: str) -> None:
    """In every form that cluster DNS knows it by."""
    assert read_service(f"{host}:50051") == Service("guard", "ns", 50051)


@pytest.mark.parametrize("text", ["guard:1", "10.0.0.1:1", "[::1]:1", "a.b.example:1", "1.n.svc:1"])
def test_no_service_is_refused(text: str) -> None:
    """An address of something else is none."""
    with pytest.raises(ValueError, match=r"no Service|not a name"):
        read_service(text)


def test_service_tells_itself() -> None:
    """As kubectl would name it."""
    assert str(Service("guard", "ns", 1)) == "ns/guard:1"
