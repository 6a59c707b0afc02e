r"""Command injection: breaking out of a shell command, and strings that end up being run.

CRS 932100-932380, 944150; CWE-77, CWE-78, CVE-2014-6271 (Shellshock), CVE-2021-44228 (Log4Shell).
A command by itself decides nothing, since people write about commands: decisive are a separator
that ends a short value, a substitution that is a whole value, and idioms that only attacks use.
The core has undone quoting inside words (``c''at``, ``w\hoami``, ``cat${IFS}x``) before.
"""

import re

from inference.detector import Check, Detector, Rule
from inference.fields import Field
from kysira.types import Place

_BIN = r"(?:(?:/|\./)?(?:[\w.?*-]+/)*bin/|/)?"
_END = r"(?:\s*\z|\s*[;|&`'\"#)\]<>]|%0[ad]|\$)"
_ARG = r"[\"']{0,2}(?:-\w|--\w|/|~|\.{1,2}/|\$|[\w.*?-]*[./*?][\w./*?-]*)"
_HOST = r"[\"']?(?:[a-z]+://|-\w|--\w|\$|[\w-]+(?:\.[\w-]+)+|localhost|\[)"

# Names that mean nothing but the command.
_CLEAR = (
    r"(?:whoami|uname|ifconfig|ipconfig|netstat|systeminfo|tasklist|printenv|lsof"
    r"|hostnamectl|phpinfo\(\)"
    r"|getent|nltest|qwinsta|vssadmin)(?:\.exe)?"
)
# Commands that are words as well, with arguments that only commands have.
_WITH_ARGUMENTS = (
    r"(?:(?:cat|tac|nl|more|less|head|tail|od|xxd|strings|rev|sort|cp|mv|rm|ls|dir"
    r"|chmod|chown|touch|find|grep|awk|sed|tee|diff|wc|mkdir|vi|vim|nano|source|tar"
    r"|unzip|stat|file|base64|bash|sh|zsh|ksh|dash|php|perl|python[\d.]*|ruby|node"
    r"|lua|java|gcc|env|which|kill|ps|mount|crontab|su|sudo|nohup|busybox|openssl"
    r"|killall|type|copy|del|move|icacls|attrib|shutdown|reboot|systemctl|service"
    rf"|xargs)(?:\.exe)?\s+{_ARG}"
    r"|(?:ping|wget|curl|fetch|nslookup|dig|host|telnet|nc|ncat|netcat|ssh|scp|ftp"
    r"|tftp|sftp|traceroute|tracert|lynx|socat|rsync|aria2c|certutil"
    rf"|bitsadmin)(?:\.exe)?\s+{_HOST}"
    r"|(?:nc|ncat|netcat|telnet)\s+[\w.-]+\s+\d{1,5}"
    r"|ping\s+(?:-[cnwit]\s*\d+\s+)?[\w.-]+\s*(?:-[cn]\s*\d+)?\s*(?:\z|[;|&])"
    r"|sleep\s+[\d.]{1,5}[smh]?(?:\s*\z|\s*[;|&`'\")#\]$]|%)|usleep\s+\d"
    r"|timeout\s+(?:/t\s+)?\d|date\s+(?:-\w|\+)|dd\s+[io]f=|cat\s?<\s?/"
    r"|echo\s+[\"'$\w%-]|echo\.|echo\s*;|chmod\s+(?:[0-7]{3,4}|[ugoa]*\+\w)\s"
    r"|iwr\s+http|printf\s+[\"'%\w]|print\s+[\"']|expr\s+\d+|id\s+-\w|pwd\s+-\w"
    r"|set\s+/\w|export\s+\w+="
    r"|net1?\s+(?:user|localgroup|group|view|share|start|use|accounts)\b|net(?:sh"
    r"|\.exe)\s+\w"
    r"|reg(?:\.exe)?\s+(?:add|query|save|delete|export)\b|wmic\s+\w|sc\s+(?:query"
    r"|config|create|start|stop)\b|ver\s*\z"
    r"|cmd(?:\.exe)?\s*(?:/[ckr]|\z)|start\s+(?:/b|cmd|calc|[\w.]+\.exe)"
    r"|powershell(?:\.exe)?\s+[-\w\"']|pwsh\s+-|rundll32\s+\w|regsvr32\s+/"
    r"|mshta\s+\w|(?:w|c)script\s+\S|calc\.exe|notepad\.exe|schtasks\s+/"
    r"|if\s+\[|for\s+\w+\s+in\s|for\s+/\w\s|while\s+(?:true|:|\[)|\[\s+\S+\s+-(?:eq"
    r"|ne)\s|str\w*=\$\(|(?:CMD|a|x)=\$|useradd\s|passwd\s+\w|exec\s+\d?[<>]"
    r"|eval\s+[\"'$`]"
    r"|(?:system|exec|passthru|shell_exec|popen|proc_open|eval)\s*\(\s*[\"'$]|die\("
    r"|dir\s+[a-z]:|type\s+(?:%\w|[a-z]:)|mkfifo\s|mknod\s|dmesg|df\s+-|du\s+-"
    r"|w(?:ho)?\s+-|last\s+-|tr\s+-d|xargs\s)"
)
_BARE = (
    r"(?:id|pwd|ls|ps|w|who|env|set|dir|date|uptime|df|hostname|last|groups|ver"
    r"|history|whoami|uname|reboot|dmesg|vol|sh|bash|ping|arp|route|jobs|top|finger"
    r"|sleep|cat|nc|wget|curl|help|ll)(?:\.exe)?"
)
_WITH_ARGUMENTS = _WITH_ARGUMENTS.replace(r"\s+", r"[\s+]+")
_RUN = (
    rf"{_BIN}(?:{_CLEAR}(?:\s|{_END})|{_WITH_ARGUMENTS})|(?:/"
    rf"|\./)?(?:usr/)?(?:local/)?s?bin/[\w.-]{{1,32}}(?:\s|{_END})"
)
_ON_LINE = r"(?:;|\|\|?|&&?|%0[ad]|\\n|\\r\\n)[\s;|&+(){!\"'@^]*"
_SEPARATOR = r"(?:;|\|\|?|&&?|[\r\n]|%0[ad]|\\n|\\r\\n)[\s;|&+(){!\"'@^]*"
# A value that something could be appended to: no blanks, so no sentence and no command line.
_PREFIX = r"[^\s;|`]*[\"')\]}]?\s?"
# A value that is no word: a number, an address, or one that closes a quote or a bracket.
_ODD_PREFIX = r"(?:[\d.:/_-]*|\w|[^\s;|&`]*[\"')\]}%$*?#\\+=-]|[\w/.-]*\.[a-z]{2,6})\s?"
_INSIDE = rf"\s*(?:{_RUN}|{_BARE}{_END}|{_CLEAR})"

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
_LOOKUP = re.compile(rb"\$\{([^${}]*)\}")
_MAX_LOOKUPS = 12


def _resolve(lookup: re.Match[bytes]) -> bytes:
    """Return what Log4j puts in place of a lookup: its default, or what follows the colon."""
    _, mark, default = lookup[1].partition(b":-")
    return default if mark else lookup[1].rpartition(b":")[2]


def _hides_jndi(field: Field, text: bytes) -> bool:
    """Return True when inner lookups such as ``${lower:j}`` resolve to ``jndi:``."""
    text = text[text.find(b"${") :][:4096].replace(b"\xc4\xb1", b"i")
    for _ in range(_MAX_LOOKUPS):
        if b"${jndi:" in text.lower():
            return True
        resolved = _LOOKUP.sub(_resolve, text)
        if resolved == text:
            return False
        text = resolved
    return False


def _is_short(words: int, lines: int = 6) -> Check:
    """Return a check for values of few words and lines: no article, code or log."""

    def check(field: Field, text: bytes) -> bool:
        return field.value.count(b"\n") < lines and len(text.split(None, words)) <= words

    return check


def _is_no_shell_line(field: Field, text: bytes) -> bool:
    """Return False for documents, and for command lines that people share as such."""
    first = text.split(None, 1)[:1]
    is_shared = bool(first) and first[0].strip(b"`").lower() in _SHELL_WORDS
    return not is_shared and b"```" not in text and _is_short(40, lines=3)(field, text)


def _is_only_code(field: Field, text: bytes) -> bool:
    """Return False for a sentence with a command in backticks, as Markdown writes it."""
    words = text.rpartition(b"`")[2].split(None, 1)
    is_sentence = bool(words) and words[0].isalpha() and not text.endswith((b"`" + words[0],))
    return text.count(b"`") < 3 and not is_sentence and _is_short(12)(field, text)


def _is_command_field(field: Field, text: bytes) -> bool:
    """Return True for the parameter names of web shells."""
    return field.name.lower() in _COMMAND_NAMES


DETECTOR = Detector(
    slug="command-injection",
    rules=(
        Rule(
            "separator_command", rf"^{_PREFIX}{_ON_LINE}(?:{_RUN})", 0.97, check=_is_no_shell_line
        ),
        Rule(
            "separator_command",
            rf"^{_ODD_PREFIX}{_SEPARATOR}(?:{_RUN})",
            0.97,
            check=_is_no_shell_line,
        ),
        Rule("separator_command", r"[;&|]\s*\w+=\$?[\"'][^\"']*[\"']\s*;\s*\$\w", 0.96),
        Rule(
            "separator_command",
            r"/s?bin/(?:cat|ls|id|sh|bash|uname|nc|wget"
            r"|curl)(?:[\s+]+[\w./-]+)?\s*[|;]\s*[\"']?\z",
            0.96,
            check=_is_short(12),
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
            check=_is_short(12),
        ),
        Rule(
            "redirection",
            r"^\W{0,4}(?:cat|tac|head|tail|more|less|sort)\s?<\s?/(?:etc|proc)/",
            0.97,
            check=_is_short(12),
        ),
        Rule(
            "separator_command",
            rf"^{_ODD_PREFIX}{_SEPARATOR}{_BIN}{_BARE}{_END}",
            0.97,
            check=_is_short(12),
        ),
        Rule(
            "separator_command",
            rf"^{_PREFIX}{_SEPARATOR}{_BIN}{_BARE}{_END}",
            0.6,
            check=_is_short(12),
        ),
        Rule(
            "separator_command", rf"[\"')]\s*{_SEPARATOR}(?:{_RUN})", 0.9, check=_is_no_shell_line
        ),
        Rule("separator_command", rf"(?:;|\||&&|[\"']\s*&)\s*(?:{_RUN})", 0.5),
        Rule("closing_separator", rf"[;|]\s*{_BARE}\s*\|", 0.96, places=frozenset({Place.PATH})),
        Rule(
            "closing_separator",
            rf"^[\s\"'+]*{_BIN}(?:{_CLEAR}|id|pwd)\s*(?:;|\||&)[\s;|&#]*\z",
            0.96,
        ),
        Rule("substitution", rf"^[^\s`]*\s?\$\({_INSIDE}", 0.97, check=_is_short(12)),
        Rule(
            "substitution",
            rf"^[^\s`]*`\s*(?:{_RUN}|{_CLEAR}{_END}|id`|pwd`|ls`)",
            0.97,
            check=_is_only_code,
        ),
        Rule("substitution", rf"[;|&\"']\s*(?:\$\(|`){_INSIDE}", 0.9, check=_is_short(24)),
        Rule("substitution", rf"\$\({_INSIDE}", 0.5),
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
            r"|sbin)/\w*[?*\[]\w*[?*\]]|/(?:bin|sbin)/\w+[?*]\w*\s"
            r"|/etc/\w*[?*]\w*[?*\w]*(?:\s|\z)|/[?]{2,}/\w*[?]",
            0.97,
            check=_is_short(16),
        ),
        Rule(
            "expansion_slice",
            r"\$\{(?:PATH|HOME|PWD|SHELL|LS_COLORS|OLDPWD|USER|_"
            r"|\w+//)[:%#/]{1,2}[^}]{0,16}\}|\$\{#\w*\}\s?\]|\$\{!\w*\}|%(?:PROGRAMFILES"
            r"|SYSTEMROOT|HOMEPATH|PATH|COMSPEC|PATHEXT|USERPROFILE|TMP"
            r"|CommonProgramFiles):~-?\d+,-?\d+%",
            0.97,
            check=_is_short(24),
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
            r"mkfifo\s+/tmp/\S+\s*[;&]|mknod\s+\S+\s+p\s*[;&]|socat\s[^\n]*exec:"
            r"|\bfsockopen\s*\([^)]*\)\s*;.*(?:exec|proc_open|system)\s*\("
            r"|socket\.socket\(.*(?:os\.dup2|pty\.spawn|subprocess)|TCPSocket\.(?:new"
            r"|open)\(.*exec|Net\.Sockets\.TCPClient|IO::Socket::INET.*exec",
            0.97,
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
            r"certutil(?:\.exe)?\s.*-(?:urlcache|decode)\b|bitsadmin(?:\.exe)?\s.*/transfer"
            r"|mshta(?:\.exe)?\s+(?:http|vbscript|javascript)|regsvr32\s.*/i:http"
            r"|rundll32\S*\s+(?:javascript|url\.dll|\\\\)|wmic\s+process\s+call\s+create"
            r"|net1?\s+user\s+\S+\s+\S+\s+/add|net1?\s+localgroup\s+\S+\s+\S+\s+/add"
            r"|for\s+/[fdlr]\s.*%{1,2}\w\s+in\s*\(.*\)\s*do\b|reg\s+add\s+[\"']?hk(?:lm|cu"
            r"|ey)",
            0.96,
            check=_is_short(32),
        ),
        Rule(
            "command_line",
            r"^\W{0,3}cmd(?:\.exe)?\s+/[ckr]\s|^\W{0,3}(?:/bin/)?(?:ba|z"
            r"|k)?sh\s+-c\s+[\"'$\w]",
            0.96,
            check=_is_short(32),
        ),
        Rule(
            "command_line",
            rf"^\s*(?:{_RUN}|{_BARE}\s*\z)",
            0.97,
            places=frozenset({Place.QUERY, Place.COOKIE}),
            check=_is_command_field,
        ),
        Rule(
            "command_line",
            r"^\W{0,2}(?:cat|tac|less|more|head|tail|type|nl)\s+(?:/etc/(?:passwd|shadow)"
            r"|/proc/self|[a-z]:\\(?:windows|winnt|boot\.ini))\S*\s?\z"
            r"|^/(?:usr/)?s?bin/(?:id|cat|ls|uname|whoami|nc|bash|sh|wget|curl|sleep"
            r"|ping)(?:\s|\z|[;|&])",
            0.96,
            check=_is_short(6),
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
        Rule(
            "server_side_include",
            r"<!--\s*#\s*(?:exec\s|include\s+(?:virtual|file)\s*=\s*[\"']?(?:/etc|\.\."
            r"|[a-z]+://)|printenv|config\s+cmd)",
            0.98,
        ),
        Rule(
            "jndi_lookup",
            r"\$\{jndi:[^}]*(?:ldaps?|rmi|dns|iiop|nis|nds|corba|https?)\s?:[/\w$]"
            r"|\$\{jndi:\$\{",
        ),
        Rule("jndi_lookup", r"\$\{.*(?:\$\{|:-|\xc4\xb1)", check=_hides_jndi),
        Rule(
            "ognl",
            r"#_memberAccess|@java\.lang\.(?:Runtime|ProcessBuilder|System)@"
            r"|ognl\.OgnlContext|#context\[[\"']|#\w+=new\s+java\.lang\.ProcessBuilder"
            r"|\(new\s+java\.lang\.ProcessBuilder\s?\(",
        ),
        Rule(
            "code_execution",
            r"getRuntime\(\)\s*\.\s*exec\s*\(|__import__\(\s?[\"'](?:os|subprocess|commands"
            r"|pty)[\"']\s?\)\s*\.|require\(\s*[\"'](?:node:)?child_process[\"']\s*\)\s*\.\s*"
            r"(?:exec|spawn|fork)|process\.mainModule\.require|os\.system\(\s*[\"'](?:id"
            r"|whoami|curl|wget|ping|sleep|nc|cat|ls)\b",
            0.97,
            check=_is_short(20),
        ),
        Rule(
            "code_execution",
            r"getRuntime\(\)\s*\.\s*exec\s*\(|__import__\(\s?[\"'](?:os|subprocess)[\"']"
            r"|child_process[\"']\s*\)\s*\.\s*exec",
            0.6,
        ),
        Rule(
            "code_execution",
            r"^[\s;\"')&|{]*(?:\$\{?@?)?@?(?:system|passthru|shell_exec|exec|popen|proc_open"
            r"|pcntl_exec|assert|%x)\s*\(\s*[\"'][^\"']*[\"']\s*\)",
            0.97,
            check=_is_short(12),
        ),
        Rule(
            "code_execution",
            r"^\W{0,4}<\?(?:php|=)?\s*@?(?:system|passthru|shell_exec|exec|popen|phpinfo"
            r"|eval|assert)\s*\(|eval\s*\(\s*\$_(?:GET|POST|REQUEST|COOKIE)",
            0.97,
            check=_is_short(16),
        ),
        Rule(
            "code_probe",
            r"(?:print|printf|print_r|echo|die|var_dump|println)[\s(]+(?:md5\s?\([\"'\d]"
            r"|\d{3,}\s?[*+-]\s?\d{3,})|^\W*(?:expr|set\s/a)\s\d{3,}\s[*+-]\s\d{3,}",
            0.96,
            check=_is_short(12),
        ),
        Rule(
            "image_script",
            r"push\s+graphic-context\s.*(?:url\(|image\s+over|label:@|msl:|ephemeral:)"
            r"|\(%pipe%|%pipe%[\w/]",
            0.97,
        ),
        Rule(
            "code_execution",
            r"(?:<\?(?:php|=)?|<%).{0,200}?(?:system|passthru|shell_exec|eval|assert|exec"
            r"|popen)\s*\(\s*(?:@?\$_(?:GET|POST|REQUEST|COOKIE|SERVER)|base64_decode"
            r"|getenv\([\"']HTTP|request\.getParameter|[\"'](?:id|whoami|cat|ls|uname|dir)\b)",
            0.97,
        ),
    ),
)
