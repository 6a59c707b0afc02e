"""Path traversal: leaving the folder, or asking for a file that no application serves.

CRS 930100–930130; CWE-22.
"""

from inference.detector import DECISIVE, Detector, Rule

DETECTOR = Detector(
    slug="path-traversal",
    rules=(
        Rule(
            "dot_dot_slash",
            r"(?:^|[/\\])\.\.[/\\]\.\.[/\\]",
            DECISIVE,
            "Detected directory traversal sequence: '../'",
        ),
    ),
)
