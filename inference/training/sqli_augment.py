"""Changes that keep a text's class: other numbers and names, other blanks, other places."""

import random
import re
from collections.abc import Sequence

_MARK = re.compile(r"(?<![0-9a-z])0x[0-9a-f]{6,}", re.IGNORECASE)
_QUOTED = re.compile(r"(?<=['\"])[A-Za-z]{3,6}(?=['\"]|$)")
_CHARS = re.compile(r"\b(n?cha?r)\((\d{2,3})\)", re.IGNORECASE)
_ALIAS = re.compile(
    r"(?<=\bas )[A-Za-z]{4}\b|(?<=-- )[A-Za-z]{4}$|(?<=#)[A-Za-z]{4}$", re.IGNORECASE
)
_COLUMN_LIST = re.compile(r"((?:\b[\w']{1,12}\b|null)\s*,\s*)\1{4,}", re.IGNORECASE)
_BLANKS = ("/**/", "\t", "\n", "+", "  ", "/*{}*/", "--{}\n", "\r\n", "\xa0", "\x0b")


def renamed(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """Return an attack without the numbers, names and marks of the tool that made it.

    Equal numbers stay equal: ``8036=8036`` becomes ``71=71``.
    """
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], str(rng.randrange(0, 10 ** rng.randint(1, 5))))

    names: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return names.setdefault(match[0].lower(), rng.choice(words))

    text = _COLUMN_LIST.sub(lambda match: match[1] * rng.randint(1, 6), text)
    text = _MARK.sub(lambda _: "0x" + rng.randbytes(rng.randint(1, 8)).hex(), text)
    text = _CHARS.sub(lambda match: f"{match[1]}({rng.randint(48, 122)})", text)
    text = _ALIAS.sub(name, _QUOTED.sub(name, text))
    # Hexadecimal digits are no numbers of their own.
    return re.sub(r"0x[0-9a-fA-F]+|\d{2,}", lambda m: m[0] if m[0][:2] == "0x" else number(m), text)


def respaced(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """Return the text with other blanks: for attacks alone, they are how filters are passed."""
    blank = rng.choice(_BLANKS).format(rng.choice(words))
    return text.replace(" ", blank)


def enclosed(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """Return the text as a request may hold it, attack and benign in the same envelopes.

    Fields reach the model without their container's encoding, so most are the text alone; some are
    whole paths, bodies that were not parsed, values within values, or come after other words.
    """
    word = rng.choice(words)
    chance = rng.random()
    if chance < 0.62:
        return text
    for limit, envelope in _ENVELOPES:
        if chance < limit:
            other, third = rng.choice(words), rng.choice(words)
            return envelope.format(text=text, a=word, b=other, c=third, n=rng.randrange(10_000))
    return text


_ENVELOPES = (
    (0.66, "/{a}/{text}"), (0.69, "/{a}/{b}/{text}"), (0.71, "/{a}/{n}/{text}/{b}"),
    (0.735, "/{a}.php?{b}={text}"), (0.755, "{a}={text}&{b}={n}"), (0.775, "{a}={n}&{b}={text}"),
    (0.795, '{{"{a}":"{text}"}}'), (0.81, '{{"{a}":"{b}","{c}":"{text}"}}'),
    (0.82, '["{a}","{text}"]'),
    (0.85, "{a} {text}"), (0.88, "{a} {b} {text}"), (0.91, "{text} {a}"), (0.92, "{n}{text}"),
    (0.935, "{a}: {text}"), (0.945, "https://{a}.com/{b}?{c}={text}"), (0.955, "{a}|{n}|{text}"),
    (0.965, "{text}, {a}"), (0.975, " {text} "), (0.985, "{a}[{text}]"),
    (0.995, "<{a}>{text}</{a}>"),
)  # fmt: skip


def template_of(text: str) -> str:
    """Return what stays of a text when numbers, names and blanks are folded: near duplicates."""
    folded = _QUOTED.sub("w", _MARK.sub("0x", " ".join(text.lower().split())))
    folded = _COLUMN_LIST.sub(r"\1", re.sub(r"\d+", "0", folded))
    return _ALIAS.sub("w", folded)
