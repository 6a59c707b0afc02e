"""Findings from hits, and a verdict from findings."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from inference.detector import Detector, Rule
from inference.fields import Field
from inference.matcher import Pattern, searcher
from inference.normalizer import Variant
from inference.scanning import Hit
from kysira.types import (
    MAX_MATCHED,
    Finding,
    ScoreOptions,
    Uninspected,
    Verdict,
)

Rules = Sequence[tuple[Detector, Rule]]
Match = tuple[Variant, Rule]
SCORE_DIGITS = 4
"""Digits of a score: what a header shows is the very value that was compared."""


def field_findings(field: Field, hits: Iterable[Hit], rules: Rules) -> list[Finding]:
    """Return one finding for each detector with a rule that holds in one of the variants."""
    matches: dict[str, dict[str, Match]] = {}
    detectors: dict[str, Detector] = {}
    for hit in hits:
        for index in hit.rules:
            detector, rule = rules[index]
            known = matches.setdefault(detector.slug, {})
            best = known.get(rule.technique)
            if best is not None and best[1].score >= rule.score:
                continue
            if _holds(rule, field, hit.variant):
                known[rule.technique] = (hit.variant, rule)
                detectors[detector.slug] = detector
    return [_finding(field, detectors[slug], matches[slug]) for slug in detectors]


def _holds(rule: Rule, field: Field, variant: Variant) -> bool:
    if rule.places is not None and field.place not in rule.places:
        return False
    return rule.check is None or rule.check(field, variant.text)


def _finding(field: Field, detector: Detector, matches: Mapping[str, Match]) -> Finding:
    variant, rule = max(matches.values(), key=lambda match: match[1].score)
    reason = detector.reason(rule)
    score = detector.combine(match[1].score for match in matches.values())
    first, last = _span(rule, variant.text)
    return Finding(
        detector=detector.slug,
        score=round(score, SCORE_DIGITS),
        reason=f"{reason} (decoded)" if variant.steps else reason,
        location=field.location,
        steps=variant.steps,
        span=(first, last),
        matched=excerpt(variant.text[first:last]),
    )


def excerpt(match: bytes) -> str:
    """Return the beginning of a match as text."""
    # UTF-8 takes four bytes a character at most; one that is cut becomes a single mark.
    return match[: 4 * MAX_MATCHED].decode("utf-8", "replace")[:MAX_MATCHED]


def _span(rule: Rule, text: bytes) -> tuple[int, int]:
    match = searcher(Pattern(rule.pattern, rule.is_case_sensitive)).search(text)
    return match.span() if match else (0, 0)


def decides(findings: Iterable[Finding], options: ScoreOptions) -> bool:
    """Return True when a finding has reached its detector's threshold."""
    return any(finding.score >= options.threshold_of(finding.detector) for finding in findings)


def suspicion_of(findings: Iterable[Finding]) -> Callable[[Field, str], float]:
    """Return what a detector's findings say of a field: the highest of their scores."""
    highest: dict[tuple[str, str], float] = {}
    for finding in findings:
        key = (finding.location, finding.detector)
        highest[key] = max(finding.score, highest.get(key, 0.0))

    def suspicion(field: Field, slug: str) -> float:
        return highest.get((field.location, slug), 0.0) if highest else 0.0

    return suspicion


def verdict(
    findings: Iterable[Finding],
    run: Mapping[str, float],
    problems: Iterable[Uninspected],
    excluded: tuple[str, ...] = (),
) -> Verdict:
    """Join findings into a verdict; ``run`` holds a 0.0 for every detector that was run.

    A finding without a reason is a model's word that a value is rather harmless: it is a score,
    and not told as a finding.
    """
    breakdown = dict(run)
    best: dict[str, Finding] = {}
    for finding in findings:
        known = best.get(finding.detector)
        if known is None or finding.score > known.score:
            best[finding.detector] = finding
            breakdown[finding.detector] = finding.score
    ordered = tuple(sorted(best.values(), key=lambda finding: -finding.score))
    uninspected = tuple(sorted(problems))
    if not ordered:
        return Verdict(breakdown=breakdown, uninspected=uninspected, excluded=excluded)
    top = ordered[0]
    told = tuple(finding for finding in ordered if finding.reason)
    detector = top.detector if top.reason else ""
    return Verdict(top.score, top.reason, detector, breakdown, told, uninspected, excluded)
