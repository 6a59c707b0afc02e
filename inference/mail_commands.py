"""Rules for commands to mail servers that follow a line break, part of the crlf detector.

CRS 932300-932321; RFC 5321 (SMTP), RFC 9051 (IMAP), RFC 1939 (POP3). Prose has lines that begin
with "Help" or "List": each command must have the arguments that its protocol asks for.
"""

from inference.detector import Rule, confirmed_by

_BREAK = r"\r?\n"
_END = r"(?:\r|\n|\z)"
_SMTP = (
    r"(?:(?:ehlo|helo)\s+[\w.\[\]:-]+|mail\s+from\s*:\s*<?[\w.+@>-]*|rcpt\s+to\s*:\s*<?[\w.+@-]+"
    rf"|(?:vrfy|expn)\s+[<\w.+@>-]+|data{_END}|rset{_END}|quit{_END}|starttls{_END}|turn{_END}"
    rf"|help(?:\s+(?:vrfy|mail|rcpt|data))?{_END}|auth\s+(?:(?:plain|login|cram-md5)\b|[\w-]+\s+[a-z0-9+/]{{8,}}=))"
)
_TAG = r"[a-z]{0,4}\d{2,6}\s+"
_IMAP = (
    rf"(?:{_TAG}(?:(?:uid\s+)?(?:fetch|store|copy|move|search)\s+[\w(*\"{{]|login\s+[^\s]+\s+[^\s]"
    r"|(?:select|examine|create|delete|subscribe|unsubscribe|status|append|lsub|list|rename"
    r"|getacl|setacl|getquota|setquota|uid)\s+[\w\"{(/.*]"
    rf"|(?:capability|noop|logout|starttls|check|close|expunge|idle|namespace){_END}"
    r"|authenticate\s+[\w-]+)"
    # Arguments that no other text has: any tag will do.
    r"|\w{1,8}\s+(?:list|lsub)\s+\"[^\"\r\n]*\"\s+\"|\w{1,8}\s+(?:uid\s+)?store\s+[\d:,*]+\s+[+-]?flags\b"
    r"|\w{1,8}\s+(?:uid\s+)?fetch\s+[\d:,*]+\s+\(?(?:body|flags|rfc822|envelope|all\b)"
    r"|\w{1,8}\s+append\s+\S+\s+\(\\)"
)
_POP3 = (
    rf"(?:(?:retr|dele|list|uidl)\s+\d{{1,6}}\s*{_END}|top\s+\d{{1,6}}\s+\d{{1,6}}\s*{_END}"
    r"|apop\s+[^\s]+\s+[0-9a-f]{16,}|auth\s+(?:plain|login|cram-md5|gssapi|scram-\w+|digest-md5"
    rf"|kerberos_v4|ntlm|xoauth2?)|user\s+[^\s]+\s*{_BREAK}\s*pass\s+[^\s]"
    rf"|(?:stls|capa){_END})"
)


def _sign(names: str) -> str:
    return r"[\r\n]\s{0,4}(?:[a-z]{0,4}\d{1,6}\s+)?(?:" + names + r")\b"


RULES = (
    Rule(
        "mail_command",
        _sign(r"ehlo|helo|mail\s+from|rcpt\s+to|vrfy|expn|data|rset|quit|starttls|turn|help|auth"),
        0.96,
        # One break and a whole line, as between the commands of a session.
        check=confirmed_by(rf"^[^\r\n]{{0,256}}{_BREAK}(?:\.{_BREAK})?{_SMTP}"),
    ),
    Rule(
        "imap_command",
        r"[\r\n]\s{0,4}(?:[a-z]{0,4}\d{1,6}\s+[a-z]{3,12}\b"
        r"|\w+\s+(?:list\s+\"|lsub\s+\"|(?:uid\s+)?(?:store|fetch)\s+[\d*]|append\s+\S+\s+\())",
        0.96,
        check=confirmed_by(rf"^[^\r\n]{{0,256}}{_BREAK}{_IMAP}"),
    ),
    Rule(
        "pop3_command",
        _sign(r"retr|dele|list|uidl|top|apop|auth|user|stls|capa"),
        0.96,
        check=confirmed_by(rf"^[^\r\n]{{0,256}}{_BREAK}{_POP3}"),
    ),
)
