"""Golden files: what every target printed when somebody last read it and found it good."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
UPDATE = "--update-golden"


@dataclass(frozen=True)
class Golden:
    """Compares texts with the files of tests/ctl/golden, a folder for each target."""

    is_updating: bool

    def check(self, target: str, case: str, text: str) -> None:
        """Fail unless the file of the case is this very text; write it when updating."""
        path = FOLDER / target / case
        if self.is_updating:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = f"pytest {UPDATE} tests/ctl, then read what git diff shows"
        assert path.exists(), f"no {path.relative_to(FOLDER)}: {command}"
        assert path.read_text() == text, f"{path.relative_to(FOLDER)} differs: {command}"


def is_complete(target: str, cases: set[str]) -> bool:
    """Return True unless a file of the target is no case's any more."""
    return {str(path.relative_to(FOLDER / target)) for path in files(target)} == cases


def files(target: str) -> list[Path]:
    """Return the golden files of a target."""
    return sorted(path for path in (FOLDER / target).rglob("*") if path.is_file())
