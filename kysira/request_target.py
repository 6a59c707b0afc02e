"""The target of a request line (RFC 9112 §3.2)."""


def origin_form(target: bytes) -> bytes:
    """Return path and query of an absolute target, and any other as it is.

    The authority of an absolute one may hold a password. The path of one that is
    nothing else is ``/``.
    """
    if target.startswith(b"/") or b"://" not in target[:16]:
        return target
    rest = target.partition(b"://")[2]
    ends = [at for at in map(rest.find, (b"/", b"?")) if at >= 0]
    return rest[min(ends) :] if ends else b"/"
