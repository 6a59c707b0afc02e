"""A small folder of data in the layout that training reads."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from inference.training.data import norm_sha1

HELD_OUT = "1' or 'held'='out"
ON_DEV = "9' or 'on'='dev"


def write_data(folder: Path) -> Path:
    """Write sources of both classes, one of them without a licence; return the folder."""
    attacks = [f"{n}' or 'w{n}'='w{n}' {'-- ' * (n % 3)}" for n in range(60)]
    _write(folder / "web/train/list.jsonl.gz", "list", "MIT", [*attacks, HELD_OUT, ON_DEV], "sqli")
    copies = [f"x' and {n}={n}--" for n in range(1000, 1040)]
    _write(folder / "web/train/scanner.jsonl.gz", "scanner", "none stated", copies, "sqli")
    script = "<script>if (a or b) alert('x')</script>"
    _write(folder / "web/train/xss.jsonl.gz", "xss", "MIT", [script], "xss")
    benign = [f"it's number {word} of ours" for word in _words(80)]
    _write(folder / "web/train/benign.jsonl.gz", "benign", "MIT", benign, "")
    _write(
        folder / "web/dev/libinjection_data.jsonl.gz", "libinjection_data", "BSD", [ON_DEV], "sqli"
    )
    music = "rock 'n' roll or 'blues'"
    _write(folder / "web/dev/benign_dev.jsonl.gz", "benign_dev", "MIT", [music], "")
    prose = [f"Where is the {word} from, or isn't it {word}?" for word in _words(90)]
    _write(folder / "prompt/train.jsonl.gz", "prose", "MIT", prose, "", name="text")
    (folder / "heldout_norm_sha1.txt").write_text(norm_sha1(HELD_OUT) + "\n")
    return folder


def _words(count: int) -> list[str]:
    letters = "abcdefghij"
    return [f"{letters[n // 10]}{letters[n % 10]}ord" for n in range(count)]


def _write(
    path: Path, source: str, license_text: str, texts: Sequence[str], category: str, *,
    name: str = "payload",
) -> None:  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    label = "attack" if category else "benign"
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        for text in texts:
            row = {"source": source, "license": license_text, "label": label, "category": category}
            lines.write(json.dumps({**row, name: text}) + "\n")
