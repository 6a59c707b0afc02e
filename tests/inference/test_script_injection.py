"""Scripts of servers: loops, conditions and the objects that lead out of them."""

import pytest

from inference.script_injection import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("batch_loop", "for %i in (1) do calc"),
        ("batch_condition", "if exist c:\\x calc"),
        ("batch_condition", 'if /i "%a%"=="b" calc'),
        ("batch_condition", "if %a% equ 7 calc"),
        ("perl_interpolation", "@{[`id`]}"),
        ("node_module", "require('child_process').exec"),
        ("node_object", "process.env"),
        ("node_object", "a.constructor('return process')()"),
        ("node_object", "console.log(process)"),
        ("node_object", "console['log']('a')"),
        ("endless_loop", "while(1){}"),
        ("endless_loop", "while(!!'a');"),
        ("endless_loop", "while(!0)"),
        ("endless_loop", "while(!null)"),
        ("ruby_call", "IO.popen('id')"),
        ("java_process", "java.lang.Runtime"),
        ("class_loader", "class.module.classLoader.x"),
        ("remote_method", "a.os.system"),
        ("constructor_call", "__construct()"),
        ("server_markup", "<cfexecute name=x>"),
        ("server_setting", "autoDeserialize=true"),
        ("reverse_shell", 'use Socket;exec("/bin/sh")'),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "for 7 in 8",
        "if it exists",
        "if a == b then c",
        "if x==y {",
        "@{a}",
        "require 'a'",
        "processes",
        "console",
        "console.log('a');",
        "console.log(a)",
        "while(0)",
        "while(!1)",
        "while(!'a')",
        "while(a<b)",
        "java.lang.RuntimeException",
        "class.name",
        "os.system",
        "construct",
        "<cf>",
        "deserialize=true",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["if /i ", "while(!", "@{[", "for /f ", "class."], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
