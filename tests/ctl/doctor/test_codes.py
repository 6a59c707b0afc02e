"""The table of checks: codes are for good, and each is explained."""

import re
from pathlib import Path

import pytest

from ctl.doctor.codes import TABLE, Code, Status

GUIDE = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
PUBLISHED = """
KYS0001 every service answers
KYS0002 every service is a front-end of Kysira
KYS0003 every service scores
KYS0004 all services have one version
KYS0005 all services decide by one policy
KYS0006 the policy on disk is the one in force
KYS0007 all services are in one mode
KYS0008 no mode is about to end by itself
KYS0009 the mode outlives a restart
KYS0010 the models are loaded
KYS0011 an admin token is set
KYS0012 the services accept our admin token
KYS0013 no events were lost
KYS0014 state can be written
KYS0015 requests are inspected whole
KYS0016 scoring does not fail
KYS0017 no exclusion has expired
KYS0018 no exclusion expires within a week
KYS0101 Envoy's admin interface answers
KYS0102 this Envoy is recent enough
KYS0103 Envoy serves traffic
KYS0104 Envoy has HTTP listeners for an app
KYS0105 every HTTP listener asks Kysira
KYS0106 upgrades with filters of their own ask Kysira
KYS0107 every route asks Kysira
KYS0108 Kysira is asked unconditionally
KYS0109 nothing answers requests before Kysira sees them
KYS0110 nothing changes requests after Kysira saw them
KYS0111 a client's own X-Kysira-* headers are removed before Kysira is asked
KYS0112 Envoy fails as the policy says
KYS0113 a failure has a status of its own
KYS0114 Envoy waits longer than Kysira takes
KYS0115 request headers are sent to Kysira
KYS0116 inspecting bodies breaks no upload and no upgrade
KYS0117 request bodies are inspected
KYS0118 gRPC messages are inspected
KYS0119 responses do not wait for Kysira
KYS0120 Kysira may set its X-Kysira-* headers
KYS0121 all request headers are sent to Kysira
KYS0122 Kysira may refuse requests
KYS0123 Kysira is told the client's address
KYS0124 a request that meets a dying replica is sent to another
KYS0125 as much of a body is held as the policy inspects
KYS0126 HTTP/2 does not send whole uploads to Kysira
KYS0127 a client can't choose its own address
KYS0128 no listener passes connections on unread
KYS0130 Kysira's cluster is there
KYS0131 Kysira's cluster speaks HTTP/2
KYS0132 Kysira's endpoints are healthy
KYS0133 Kysira's endpoints are health-checked
KYS0134 unhealthy endpoints get no requests
KYS0135 unreachable endpoints are put aside
KYS0136 many requests at once are still inspected
KYS0137 many retries at once are possible
KYS0140 no request passed unchecked
KYS0141 no request waited for Kysira in vain
KYS0142 no circuit breaker of Kysira's cluster opened
KYS0143 no header of Kysira was rejected
KYS0201 the data path answers
KYS0202 a benign request passes
KYS0203 an attack in a query is found
KYS0204 an attack in a JSON body is found
KYS0205 the data path behaves as the services' mode says
KYS0206 a client's own X-Kysira-* header does not reach the app
"""
"""What scripts and runbooks rely on: a line may be added, never changed or taken away."""


def test_codes_keep_their_meaning() -> None:
    """No published code is renumbered, reused or lost."""
    assert [f"{code.id} {code.title}" for code in TABLE] == PUBLISHED.strip().splitlines()


def test_codes_are_unique() -> None:
    """One code is one check."""
    assert len({code.id for code in TABLE}) == len(TABLE)


@pytest.mark.parametrize("code", TABLE, ids=lambda code: code.id)
def test_code_is_explained(code: Code) -> None:
    """The guide says of each what it means, why it matters and what to do; so does its hint."""
    part = GUIDE.partition(f"\n### {code.id}\n")[2].partition("\n##")[0]
    told = part.replace("\\*", "*").lower()
    assert told.startswith(f"\n**{code.title.lower()}.**"), code.id
    assert re.search(r"\nFix: \S", part), code.id
    assert len(code.hint) > 10
    assert code.severity in (Status.FAILURE, Status.WARNING)
    assert f"doctor.md#{code.id.lower()}" in code.docs


def test_guide_explains_nothing_else() -> None:
    """The guide has no code that is not checked."""
    told = re.findall(r"^### (KYS\d+)$", GUIDE, re.MULTILINE)
    assert told == [code.id for code in TABLE]
