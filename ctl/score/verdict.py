"""What is shown of a verdict: what decides, and what every detector found."""

from dataclasses import dataclass
from typing import Any

from rich.text import Text

from ctl import console
from kysira.types import Finding, Request, ScoreOptions, Verdict

_COLUMNS = ("detector", "score", "threshold", "location", "decoded by", "matched", "reason")
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Scored:
    """A request's verdict, and what it was compared with."""

    request: Request
    verdict: Verdict
    options: ScoreOptions
    engine: str
    """``in-process``, or the URL that was asked."""

    @property
    def winner(self) -> Finding | None:
        """Return the highest finding over its own threshold, as the services decide."""
        over = (
            found
            for found in self.verdict.findings
            if found.score >= self.options.threshold_of(found.detector)
        )
        return next(over, None)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        winner, verdict = self.winner, self.verdict
        return {
            "over_threshold": winner is not None,
            "score": verdict.score,
            "detector": verdict.detector,
            "reason": verdict.reason,
            "threshold": self.options.threshold,
            "findings": [self._finding(found) for found in verdict.findings],
            "breakdown": dict(verdict.breakdown),
            "uninspected": [why.value for why in verdict.uninspected],
            "engine": self.engine,
            "request": self._request(),
        }

    def _finding(self, found: Finding) -> dict[str, Any]:
        return {
            "detector": found.detector,
            "score": found.score,
            "threshold": self.options.threshold_of(found.detector),
            "location": found.location,
            "steps": list(found.steps),
            "matched": found.matched,
            "reason": found.reason,
        }

    def _request(self) -> dict[str, Any]:
        request = self.request
        return {
            "method": request.method,
            "target": request.target.decode("utf-8", "replace"),
            "headers": len(request.headers),
            "body_bytes": len(request.body),
            "is_text": request.free_text,
        }

    def show(self) -> None:
        """Print it for people."""
        console.say(self._headline())
        console.say(f"scored    {self._what()}, {self.engine}")
        if self.verdict.findings:
            console.say("")
            console.say_table(_COLUMNS, map(self._row, self.verdict.findings))
        if self.verdict.uninspected:
            reasons = ", ".join(why.value for why in self.verdict.uninspected)
            console.note(f"not all of it was read: {reasons}")

    def _headline(self) -> Text:
        if winner := self.winner:
            threshold = self.options.threshold_of(winner.detector)
            text = Text("OVER      ", "bold red")
            said = f"{winner.score:.4f} {winner.detector}, at or over {threshold:g}: active blocks"
            return text.append(console.printable(said), "")
        text = Text("under     ", "green")
        return text.append(f"{self.verdict.score:.4f}, threshold {self.options.threshold:g}", "")

    def _what(self) -> str:
        request = self.request
        if request.free_text:
            return f"a text of {len(request.body)} bytes"
        target = request.target.decode("utf-8", "replace")
        shown = target if len(target) <= _MOST_SHOWN else f"{target[: _MOST_SHOWN - 1]}…"
        parts = [f"{request.method} {console.printable(shown)}"]
        parts += [f"{len(request.headers)} headers"] if request.headers else []
        parts += [f"a body of {len(request.body)} bytes"] if request.body else []
        return ", ".join(parts)

    def _row(self, found: Finding) -> list[str | Text]:
        threshold = self.options.threshold_of(found.detector)
        is_over = found.score >= threshold
        return [
            found.detector,
            Text(f"{found.score:.4f}", "bold red" if is_over else ""),
            f"{threshold:g}",
            found.location or "-",
            " ".join(found.steps) or "-",
            found.matched or "-",
            found.reason,
        ]
