r"""Rules for lines of shell, PowerShell and batch that only attackers write or send from there.

CRS 932120-932239, 932370; GTFOBins. Part of the command-injection detector. People share command
lines, so a line by itself is none: here are ways to read what a filter guards, options that start
another program, and commands where no person writes any.
"""

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from inference.shell_words import AT_START, BARE, BIN, CLEAR, NAMES, RUN, SEPARATOR
from kysira.types import Place

_THEN = r"\s*(?:;|&&|\|\|?)\s*"
_FETCH = r"(?:wget|curl|fetch|lwp-download|lynx|tftp|ftpget|aria2c)"
_PRIVATE_NAMES = r"(?:passwd|g?shadow|sudoers|id_[rd]sa|authorized_keys|\.ssh|\.aws|\.env|flag\b)"
_CMDLETS = (
    r"(?:iwmi|gwmi|icim|gcim|icm|iex|iwr|irm|saps|sajb|invoke-[a-z]+|start-(?:process|job)"
    r"|new-object|(?:get|set|remove)-(?:content|item|process|service|wmiobject|ciminstance)"
    r"|add-type|out-file)"
)
_CLIENT_NAMES = frozenset(("user-agent", "referer"))
_SHELL_FIELDS = frozenset(("cmd", "cmdline", "exec"))
_CODE_FIELDS = _SHELL_FIELDS | {"code", "command", "execute", "shell"}
_SHARED = frozenset(
    b"wget curl sudo cd mkdir git apt apt-get yum export set set-executionpolicy".split()
)
"""How instructions for installing something begin."""


def _is_client_header(field: Field, text: bytes) -> bool:
    return field.name.lower() in _CLIENT_NAMES


def _is_shell_field(field: Field, text: bytes) -> bool:
    """Return True for the names that web shells take commands in, where a form sends them."""
    return field.name.lower() in _SHELL_FIELDS


def _is_code_field(field: Field, text: bytes) -> bool:
    """Return True for the names of what is run, code included."""
    return field.name.lower() in _CODE_FIELDS


def _is_no_instruction(field: Field, text: bytes) -> bool:
    first = text.split(None, 1)[:1]
    return not (first and first[0].lower() in _SHARED) and is_short(60, lines=2)(field, text)


RULES = (
    # Into the folder first, and no path to be seen.
    Rule(
        "changed_folder",
        r"\bcd[\s+]+/\w*\s*(?:;|&&|\|)",
        0.97,
        check=confirmed_by(
            rf"\bcd[\s+]+/{_THEN}cd[\s+]+(?:etc|bin|usr|var|proc|root|home|tmp|dev)\b"
            rf"|\bcd[\s+]+/(?:etc|root|proc/self)/?{_THEN}\S+[\s+]+(?:-\S+[\s+]+)*{_PRIVATE_NAMES}",
            after=is_short(24, lines=3),
        ),
    ),
    Rule(
        "found_file",
        r"\bfind[\s+]+[/~]",
        0.96,
        check=confirmed_by(
            rf"\bfind[\s+]+[/~]\S*\s.*{_PRIVATE_NAMES}.*-(?:exec|ok|execdir)[\s+]",
            after=is_short(24, lines=3),
        ),
    ),
    # A name that is put together again, and run: "tr x o | sh"
    Rule(
        "encoded_word",
        r"\|\s*(?:ba|z|k|da)?sh\b",
        0.96,
        check=confirmed_by(
            r"\|\s*(?:tr|sed|rev|cut|base32|xxd|awk|basenc|uudecode)\b[^|\n]*\|\s*(?:ba|z|k|da)?sh\b",
            after=is_short(24),
        ),
    ),
    Rule(
        "download_and_run",
        rf"(?:;|&&|\|)\s*{_FETCH}\s",
        0.96,
        check=confirmed_by(
            rf"^[^\n]*[\w('\"][^\n]*(?:;|&&|\|\|)\s*{_FETCH}\s[^;|&]{{0,256}}(?:https?|ftp)://[^;|&]*"
            r"(?:;|&&).*(?:;|&&)\s*(?:perl|python\d?|php|(?:ba|z)?sh|chmod\s+(?:\+x|[0-7]{3,4})|rm\s+-r)",
            after=_is_no_instruction,
        ),
    ),
    Rule(
        "code_execution",
        r"\b(?:system|passthru|shell_exec|popen|exec)\s*\(\s*['\"]",
        0.96,
        check=confirmed_by(
            r"\b(?:system|passthru|shell_exec|popen|exec)\s*\(\s*['\"][^'\"\n]*[;|&]\s*"
            rf"(?:{_FETCH}|rm|nc|perl)\s",
            after=_is_no_instruction,
        ),
    ),
    # No browser calls itself by a command line, nor does one come from there.
    Rule(
        "header_command",
        AT_START,
        0.97,
        places=frozenset({Place.HEADER}),
        check=confirmed_by(
            rf"^[\"'\s]*(?:{BIN}(?:{CLEAR}|{NAMES})(?:\.exe)?[\"']?"
            r"[\s+]+(?:-{1,2}[a-z]|\.{0,2}/\w|\w{1,8}=|all\s-m)"
            rf"|{CLEAR}[\"']?(?:[\s+]+[a-z][\w./-]*){{1,4}}\s*\z)",
            after=_is_client_header,
        ),
    ),
    Rule(
        "header_command",
        r"^[\"'][a-z]{2,12}[\"']?\s|^time\s+\w",
        0.97,
        places=frozenset({Place.HEADER}),
        check=confirmed_by(
            rf"^[\"']?(?:time\s+)?(?:{CLEAR}|{NAMES})[\"']?(?:\s+(?:-{{1,2}}[a-z]|/\w)|\s+[a-z]+\s+[a-z]+[\"']?\z)"
            rf"|^time\s+{CLEAR}\s*\z",
            after=_is_client_header,
        ),
    ),
    Rule("shellshock", r"^\s*\(\)\s*\{", 0.97, places=frozenset({Place.HEADER})),
    Rule(
        "command_line",
        AT_START,
        0.96,
        places=frozenset({Place.FORM}),
        check=confirmed_by(rf"^\s*(?:{RUN})", after=_is_shell_field),
    ),
    Rule(
        "command_line",
        r"^\W{0,3}(?:time|nohup|[sl]trace|setsid|timeout\s+\d+)\s+(?:/bin/)?(?:ba|z|k)?sh\s+-c\s",
        0.96,
        check=confirmed_by(rf"\ssh\s+-c\s+[\"']?(?:{CLEAR}|{RUN}|{BARE}\s*\z)", after=is_short(16)),
    ),
    Rule(
        "command_line",
        r"/etc/(?:passwd|g?shadow)\s?\z",
        0.96,
        check=confirmed_by(
            r"^\W{0,2}(?:ls|stat|wc|cp|strings|xxd|od|base64|rev|cut|sort|awk|sed|grep|vi|vim|nano)\s"
            r"[^|;&\n]*/etc/(?:passwd|g?shadow)\s?\z",
            after=is_short(5),
        ),
    ),
    Rule(
        "command_line",
        r"^/(?:usr/)?(?:local/)?s?bin/(?:perl|python[\d.]*|ruby|php\d?|node|lua)\s+-[ecrm]\s",
        0.96,
        places=frozenset({Place.QUERY, Place.FORM, Place.COOKIE}),
        check=is_short(16),
    ),
    Rule(
        "powershell",
        rf"(?:^|[;|&])\s*{_CMDLETS}\s",
        0.97,
        check=confirmed_by(
            rf"^(?:[\w.:/-]{{0,64}}[\"')\]]?\s?)?(?:;|\|\|?|&&?)\s*{_CMDLETS}\s+[-(\"'$h]",
            after=is_short(32),
        ),
    ),
    # The value is taken for an option of a program: CWE-88.
    Rule(
        "argument_injection",
        r"^[\s\"']*-{1,2}(?:checkpoint-action=|o\s?proxycommand[=\s]|unzip-command[=\s]|upload-pack[=\s]"
        r"|use-askpass[=\s]|use-compress-program[=\s]|to-command[=\s]|rsh-command=)",
        0.97,
    ),
    Rule("argument_injection", r"\s-wrapper\s+(?:/bin/)?(?:ba|z|da)?sh,-", 0.97),
    # The shell of SQLite has commands of its own.
    Rule(
        "sqlite_command",
        r";\s*(?:\\n)?\.[\"'\\]*(?:sh|system|import|databases|load|output|once)",
        0.96,
        check=confirmed_by(
            r"^[^\s;:]{0,32};\s*(?:\\n|\n)?\.[\"'\\]{0,2}(?:(?:sh(?:ell)?|system|import|load|output|once)"
            r"[\"'\\]{0,2}[\s+]+[^\s{,]|databases\s*\z)",
            after=is_short(8),
        ),
    ),
    Rule(
        "here_string",
        r"[;|&]\s*[a-z][\w.+-]*\s*<<<",
        0.96,
        # CUDA starts kernels with <<<blocks, threads>>>.
        check=confirmed_by(
            rf"^\S{{0,64}}{SEPARATOR}[a-z][\w.+-]*\s*<<<[^>]*\z", after=is_short(12)
        ),
    ),
    Rule(
        "fork_bomb",
        r"\(\s*\)\s*\{\s*\w+\s*\|",
        0.97,
        check=confirmed_by(
            r"\b[a-z]\w*\s*\(\s*\)\s*\{\s*[a-z]\w*\s*\|\s*[a-z]\w*\s*&\s*\}", after=is_short(16)
        ),
    ),
    Rule(
        "reverse_shell",
        r"[<>]&?\s*\$\{?\w+\}?/(?:tcp|udp)/[\w.$-]+/",
        0.98,
    ),
    # Without a command it only counts where one is asked for, or for what is run later.
    Rule(
        "redirection",
        r"^>{1,2}/(?:(?:tmp|dev/shm|var/www)/[\w./-]+\.(?:php\d?|phtml|phar|jspx?|asp|aspx|cgi|pl|py|sh)"
        r"|etc/(?:passwd|g?shadow|sudoers|hosts|crontab|cron\.\w+/[\w.-]+|ld\.so\.preload|profile))\s?\z",
        0.96,
    ),
    Rule(
        "redirection",
        r"^>{1,2}/(?:tmp|dev/shm|var/www|etc)/[\w./-]+\s?\z",
        0.96,
        check=_is_code_field,
    ),
)
