"""What to do about a token that services miss: said once in a run, by whatever command."""

from functools import cache

from ctl.console import note

UNAUTHORISED = (
    "the services want their token: set KYSIRA_ADMIN_TOKEN, or KYSIRA_ADMIN_TOKEN_FILE to a file "
    "that holds it"
)
WRONG = (
    "the services want another token than KYSIRA_ADMIN_TOKEN, its file or the configuration says; "
    "kysiractl config view --show-origin tells which of them counts"
)
FORBIDDEN = (
    "a service without a token trusts only its own machine: set KYSIRA_ADMIN_TOKEN on the "
    "services, and here"
)


def hint_at_token(status: int, *, has_token: bool) -> None:
    """Say what an HTTP status tells of the token, never what it is."""
    if status == 401:
        tell_once(WRONG if has_token else UNAUTHORISED)
    elif status == 403:
        tell_once(FORBIDDEN)


@cache
def tell_once(text: str) -> None:
    """Say it on stderr, the first time in this run."""
    note(text)
