r"""Command injection: breaking out of a shell command, and strings that end up being run.

CRS 932100-932380, 944150; CWE-77, CWE-78, CVE-2014-6271 (Shellshock).
A command by itself decides nothing, since people write about commands: decisive are a separator
that ends a short value, a substitution that is a whole value, and idioms that only attacks use.
The core has undone quoting inside words (``c''at``, ``w\hoami``, ``cat${IFS}x``) before.
"""

from inference import (
    code_execution,
    hidden_commands,
    php_injection,
    script_injection,
    shell_evasion,
    shell_lines,
    uploads,
)
from inference.checks import is_short
from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from inference.shell_words import (
    AT_START,
    BARE,
    BIN,
    CLEAR,
    END,
    INSERTED,
    INSIDE,
    ON_LINE,
    RUN,
    SEPARATOR,
)
from kysira.types import Place

# A value that something could be appended to: no blanks, so no sentence and no command line.
_PREFIX = r"[^\s;|`]*[\"')\]}]?\s?"
# A value that is no word: a number, an address, or one that closes a quote or a bracket.
_ODD_PREFIX = r"(?:[\d.:/_-]*|\w|[^\s;|&`]*[\"')\]}%$*?#\\+=-]|[\w/.-]*\.[a-z]{2,6})\s?"

_SHELL_WORDS = frozenset(
    b"sudo cd git npm yarn docker kubectl apt apt-get brew pip pip3 make cargo go cat ls echo grep"
    b" find curl wget tar ssh cp mv rm mkdir export source chmod chown python python3 node php ps"
    b" df du sed awk sort head tail for while if $ # > % ./configure ./gradlew cmake systemctl"
    b" service which".split()
)
"""How command lines begin that people share as such."""
_COMMAND_NAMES = frozenset(
    ("cmd", "exec", "command", "execute", "shell", "c", "0", "code", "payload", "cmdline", "run")
)


def _is_no_shell_line(field: Field, text: bytes) -> bool:
    """Return False for documents, and for command lines that people share as such."""
    first = text.split(None, 1)[:1]
    is_shared = bool(first) and first[0].strip(b"`").lower() in _SHELL_WORDS
    return not is_shared and b"```" not in text and is_short(40, lines=3)(field, text)


def _is_only_code(field: Field, text: bytes) -> bool:
    """Return False for a sentence with a command in backticks, as Markdown writes it."""
    words = text.rpartition(b"`")[2].split(None, 1)
    is_sentence = bool(words) and words[0].isalpha() and not text.endswith((b"`" + words[0],))
    return text.count(b"`") < 3 and not is_sentence and is_short(12)(field, text)


def _is_command_field(field: Field, text: bytes) -> bool:
    """Return True for the parameter names of web shells."""
    return field.name.lower() in _COMMAND_NAMES


DETECTOR = Detector(
    slug="command-injection",
    rules=(
        Rule(
            "separator_command",
            INSERTED,
            0.97,
            check=confirmed_by(
                rf"^{_PREFIX}{ON_LINE}(?:{RUN})|^{_ODD_PREFIX}{SEPARATOR}(?:{RUN})",
                after=_is_no_shell_line,
            ),
        ),
        Rule("separator_command", r"[;&|]\s*\w+=\$?[\"'][^\"']*[\"']\s*;\s*\$\w", 0.96),
        Rule(
            "separator_command",
            r"/s?bin/(?:cat|ls|id|sh|bash|uname|nc|wget"
            r"|curl)(?:[\s+]+[\w./-]+)?\s*[|;]\s*[\"']?\z",
            0.96,
            check=is_short(12),
        ),
        Rule(
            "separator_command",
            r"(?:^|=)\s?(?:id|ls|pwd|ps|uname|whoami|cat|cd)\s*(?:;|\||&&)\s*(?:id|ls|pwd|ps"
            r"|uname|whoami)\s*(?:[;|&#]|\z)",
            0.96,
        ),
        Rule(
            "redirection",
            r"(?:^|[;|&`\s(])(?:cat|tac|head|tail|more|less|grep|sort|sh|bash)\s?<\s?/(?:etc"
            r"|proc|bin|tmp|var)/|[>]{1,2}\s?/(?:var/www|tmp|dev/shm|etc)/[\w./-]+\s*(?:\z"
            r"|[;|&#])",
            0.9,
            check=is_short(12),
        ),
        Rule(
            "redirection",
            r"^\W{0,4}(?:cat|tac|head|tail|more|less|sort)\s?<\s?/(?:etc|proc)/",
            0.97,
            check=is_short(12),
        ),
        Rule(
            "separator_command",
            rf"^{_ODD_PREFIX}{SEPARATOR}{BIN}{BARE}{END}",
            0.97,
            check=is_short(12),
        ),
        Rule(
            "separator_command",
            rf"^{_PREFIX}{SEPARATOR}{BIN}{BARE}{END}",
            0.6,
            check=is_short(12),
        ),
        Rule(
            "separator_command",
            INSERTED,
            0.9,
            check=confirmed_by(rf"[\"')]\s*{SEPARATOR}(?:{RUN})", after=_is_no_shell_line),
        ),
        Rule(
            "separator_command",
            INSERTED,
            0.5,
            check=confirmed_by(rf"(?:;|\||&&|[\"']\s*&)\s*(?:{RUN})"),
        ),
        Rule("closing_separator", rf"[;|]\s*{BARE}\s*\|", 0.96, places=frozenset({Place.PATH})),
        Rule(
            "closing_separator",
            rf"^[\s\"'+]*{BIN}(?:(?:{CLEAR}|id|pwd)\s*(?:;|\||&)[\s;|&#]*|{CLEAR}\s*[;|][\d\s'\"#;|&)]*)\z",
            0.96,
        ),
        Rule(
            "substitution",
            INSERTED,
            0.97,
            check=confirmed_by(rf"^[^\s`]*\s?\$\({INSIDE}", after=is_short(12)),
        ),
        Rule(
            "substitution",
            INSERTED,
            0.97,
            check=confirmed_by(
                rf"^[^\s`]*`\s*(?:{RUN}|{CLEAR}{END}|id`|pwd`|ls`)", after=_is_only_code
            ),
        ),
        Rule(
            "substitution",
            INSERTED,
            0.9,
            check=confirmed_by(rf"[;|&\"']\s*(?:\$\(|`){INSIDE}", after=is_short(24)),
        ),
        Rule("substitution", INSERTED, 0.5, check=confirmed_by(rf"\$\({INSIDE}")),
        Rule("substitution", r"[<>]\(\s*(?:cat|ls|curl|wget|echo|id|whoami|bash|sh)\s", 0.7),
        Rule(
            "arithmetic_echo",
            r"\$\(\(\s?\d+\s?[%+*/-]\s?\d+\s?\)\)\s?\$\(|echo[\s\w$]*\$\(\(\d+[+*]\d+\)\)"
            r"|\[ \d+ -(?:ne|eq) \$[({]|then\s+sleep\s+\d|set\s+/a\s+\d+[+*]\d+",
            0.98,
        ),
        Rule("internal_field_separator", r"[\w/&|;]\$(?:\{IFS\b|IFS(?:\W|[\dA-Z]|\z))"),
        Rule("internal_field_separator", r"\{IFS[,:%}].{0,4}\w", 0.8),
        Rule(
            "brace_expansion",
            r"(?:^|[^{])\{,?(?:cat|ls|wget|curl|nc|ping|bash|sh|echo|rm|cp|chmod|ifconfig"
            r"|nslookup|python\d?|perl|base64|cd|sleep),[^}\s]*[/.\-$#\d][^}\s]*\}"
            r"|\{,(?:ifconfig|id|whoami|uname|ls|pwd|env)\}",
            0.98,
        ),
        Rule(
            "glob_path",
            r"(?:^|[\s;|&`$(=])/[\w?*]*\?[\w?*]*/[\w?*]*\?[\w?*]*(?:[\s/]|\z)|/(?:bin"
            r"|sbin)/\w*[?*\[]\w*[?*\]]|/(?:bin|sbin)/\w+[?*]\w*[\s+]"
            r"|/etc/\w+[?*]\w*[?*\w]*(?:\s|\z)|/[?]{2,}/\w*[?]",
            0.97,
            check=is_short(16),
        ),
        Rule(
            "expansion_slice",
            r"\$\{(?:\w*[:%#/!]|_)|%\w+:~",
            0.97,
            check=confirmed_by(
                r"\$\{(?:PATH|HOME|PWD|SHELL|LS_COLORS|OLDPWD|USER|_|\w+//)[:%#/]{1,2}[^}]{0,16}\}"
                r"|\$\{#\w*\}\s?\]|\$\{!\w*\}|%(?:PROGRAMFILES|SYSTEMROOT|HOMEPATH|PATH|COMSPEC"
                r"|PATHEXT|USERPROFILE|TMP|CommonProgramFiles):~-?\d+,-?\d+%",
                after=is_short(24),
            ),
        ),
        Rule(
            "encoded_word",
            r"\$'(?:\\(?:x[0-9a-f]{2}|[0-7]{3}|u00[0-9a-f]{2})){2}|(?:printf"
            r"|echo\s+-e)\s+[\"']?(?:\\{1,2}(?:x[0-9a-f]{2}|0?[0-7]{3})){3}"
            r"|(?:base64\s+(?:-d|--decode|-D)|xxd\s+-r\S*(?:\s-p)?|rev"
            r"|openssl\s+enc\s+-d\S*)\s*(?:<<<\s*\S+\s*)?\|\s*(?:ba|z|k|da)?sh\b|(?:ba"
            r"|z)?sh\s*<<<\s*(?:\$\(|`)|(?:ba|z)?sh\s+<\(",
            0.97,
        ),
        Rule("reverse_shell", r"/dev/(?:tcp|udp)/[\w.${}\[\]-]+/[\d$]"),
        Rule(
            "reverse_shell",
            r"(?:ba|z|k)?sh\s+-i\s*(?:[>0-9]|\|)|(?:nc|ncat"
            r"|netcat)(?:\.\w+)?\s[^;|\n]*-\w*[ec]\w*\s+(?:/bin/)?(?:ba|z|k|da)?(?:sh\b|cmd)"
            r"|(?:ba)?sh\s*\|\s*(?:nc|telnet)\s|\|\s*(?:nc"
            r"|ncat)\s[^|\n]*\|\s*/?(?:bin/)?(?:ba)?sh",
            0.98,
        ),
        Rule(
            "reverse_shell",
            r"mk(?:fifo\s+/tmp/|nod\s)|socat\s|fsockopen\s*\(|socket\.socket\(|TCPSocket\."
            r"|Net\.Sockets\.TCPClient|IO::Socket::INET",
            0.97,
            check=confirmed_by(
                r"mkfifo\s+/tmp/\S+\s*[;&]|mknod\s+\S+\s+p\s*[;&]|socat\s[^\n]*exec:"
                r"|\bfsockopen\s*\([^)]*\)\s*;.*(?:exec|proc_open|system)\s*\("
                r"|socket\.socket\(.*(?:os\.dup2|pty\.spawn|subprocess)"
                r"|TCPSocket\.(?:new|open)\(.*exec|Net\.Sockets\.TCPClient"
                r"|IO::Socket::INET.*exec",
            ),
        ),
        Rule(
            "powershell",
            r"(?:powershell|pwsh)(?:\.exe)?\s.*-(?:e|en|enc|enco\w*)\s+[A-Za-z0-9+/=]{16}"
            r"|powershell(?:\.exe)?\s.*(?:-w\w*\s+hidden|bypass)\s.*(?:iex|invoke|download"
            r"|-c)",
            0.97,
        ),
        Rule(
            "powershell",
            r"(?:iex|invoke-expression)[\s(]+.*(?:downloadstring|invoke-webrequest|iwr\b)"
            r"|\(new-object\s+(?:system\.)?net\.webclient\)\.download",
            0.9,
        ),
        Rule(
            "windows_tool",
            r"(?:certutil|bitsadmin|mshta|wmic|net1?)(?:\.exe)?\s|regsvr32\s|rundll32\S*\s"
            r"|for\s+/[fdlr]\s|reg\s+add\s",
            0.96,
            check=confirmed_by(
                r"certutil(?:\.exe)?\s.*-(?:urlcache|decode)\b|bitsadmin(?:\.exe)?\s.*/transfer"
                r"|mshta(?:\.exe)?\s+(?:http|vbscript|javascript)|regsvr32\s.*/i:http"
                r"|rundll32\S*\s+(?:javascript|url\.dll|\\\\)|wmic\s+process\s+call\s+create"
                r"|net1?\s+user\s+\S+\s+\S+\s+/add|net1?\s+localgroup\s+\S+\s+\S+\s+/add"
                r"|for\s+/[fdlr]\s.*%{1,2}\w\s+in\s*\(.*\)\s*do\b|reg\s+add\s+[\"']?hk(?:lm|cu"
                r"|ey)",
                after=is_short(32),
            ),
        ),
        Rule(
            "command_line",
            r"^\W{0,3}cmd(?:\.exe)?\s+/[ckr]\s|^\W{0,3}(?:/bin/)?(?:ba|z"
            r"|k)?sh\s+-c\s+[\"'$\w]",
            0.96,
            check=is_short(32),
        ),
        Rule(
            "command_line",
            AT_START,
            0.97,
            places=frozenset({Place.QUERY, Place.COOKIE}),
            check=confirmed_by(rf"^\s*(?:{RUN}|{BARE}\s*\z)", after=_is_command_field),
        ),
        Rule(
            "command_line",
            r"^\W{0,2}(?:cat|tac|less|more|head|tail|type|nl)\s+(?:/etc/(?:passwd|shadow)"
            r"|/proc/self|[a-z]:\\(?:windows|winnt|boot\.ini))\S*\s?\z"
            r"|^/(?:usr/)?s?bin/(?:id|cat|ls|uname|whoami|nc|bash|sh|wget|curl|sleep"
            r"|ping)(?:\s|\z|[;|&])",
            0.96,
            check=is_short(6),
        ),
        Rule(
            "destructive",
            r"(?:;|\||&&|`|\$\()\s*rm\s+-\w*[rf]\w*\s+(?:-\S+\s+)*(?:/|~|\*|\$HOME"
            r"|--no-preserve)(?:\s|\*|\z|[;|&])|:\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:",
            0.96,
            check=_is_no_shell_line,
        ),
        Rule(
            "shellshock",
            r"^[\s\"']*\(\)\s*\{[^}]{0,64}\}|\(\)\s?\{\s?(?::|_|ignored|foo|test"
            r"|x)?\s?;\s?\}\s?;|\(\)\s*\{\s*_;\s*\}\s*>_",
        ),
        *code_execution.RULES,
        *php_injection.RULES,
        *script_injection.RULES,
        *shell_evasion.RULES,
        *hidden_commands.RULES,
        *shell_lines.RULES,
        *uploads.RULES,
    ),
)
