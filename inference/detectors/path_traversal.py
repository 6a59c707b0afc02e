"""Path traversal: leaving the folder, or asking for a file that no application serves.

CRS 930100-930130; CWE-22, CWE-23, CWE-98; OWASP path traversal and file inclusion. The core undoes
percent, double percent and overlong spellings first; what is left here are the forms that only
lenient readers accept.
"""

import re

from inference.detector import DECISIVE, Detector, Rule, confirmed_by
from inference.fields import Field
from kysira.types import Place

_REASON = "Detected directory traversal sequence: '../'"
_AT_HEAD = frozenset({Place.QUERY, Place.PATH, Place.COOKIE, Place.HEADER})
_SENT = frozenset({Place.QUERY, Place.FORM, Place.COOKIE, Place.HEADER, Place.MULTIPART})
_FILE_NAME = re.compile(
    rb"file|path|dir|folder|doc|page|templ|tpl|incl|lang|locale|load|read|view"
    rb"|layout|style|theme|skin"
    rb"|module|plugin|down|image|img|src|root|conf|log|attach|asset|media|show|open"
    rb"|cat$|content|prefix",
    re.IGNORECASE,
)

_SCRIPT_ROOT = re.compile(
    r"mosconfig_absolute_path|document_root|gallery_basedir|appserv_root|absolute_path|root_path"
    r"|(?:inc|include|lib|base)_?(?:path|dir)$|^(?:include|require)(?:_once)?$|\[root_dir\]|\[docroot\]"
    r"|_conf\[path\]|(?:phpbb|dir|site|server|my)_?root",
    re.IGNORECASE,
)
_SEP = (
    r"(?:[/\\]|0x2f|0x5c|\xef\x80\xa5|\xee\xbf\x88|\xc0(?:[\x2f\\]|%9v|%qf)"
    r"|\xc1[\x1c\x9c]|%u2215|%u2216|%2f|%5c)"
)
_UP = rf"(?:\\?\.\\?\.|0x2e0x2e|%2e%2e)%?{_SEP}+(?:\.?{_SEP}+)*"

# Characters of a path that was not written into a sentence or into code.
_CLEAN = r"[^\s\"'`()<>,;*$]"
_LAST = r"[\"']?\s?\z"

_UNIX = (
    r"(?:etc[/\\]+(?:passwd|shadow|group|hosts|hostname|issue|fstab|sudoers|motd"
    r"|crontab|profile|environment"
    r"|resolv\.conf|inittab|gshadow|master\.passwd|(?:os|redhat|debian)[-_]\w+|my\.cnf"
    r"|(?:mysql|php\w*|apache2?|httpd|nginx|ssh|ssl|security|init\.d|cron\.\w+|samba"
    r"|pam\.d|kubernetes|rc\.\w|postfix|vsftpd|proftpd|pure-ftpd|lighttpd|exports"
    r"|network|default|sysconfig|logrotate\.\w+|ld\.so\.conf|services|protocols"
    r"|networks|shells|mtab|modules)\b)"
    r"|proc[/\\]+(?:self|version|cmdline|mounts|cpuinfo|meminfo|interrupts|kallsyms|net|sched_debug"
    r"|sys[/\\]kernel|\d{1,7})\b"
    r"|var[/\\]+(?:log|run[/\\]secrets|adm|spool[/\\]cron|mail|lib[/\\]mysql|apache"
    r"|www[/\\]+\w*logs?)\b"
    r"|root[/\\]+\.\w+|usr[/\\]local[/\\](?:apache2?|etc|php\w*|httpd|cpanel|nginx"
    r"|zeus|pgsql|mysql|lib[/\\]php)[/\\]"
    r"|(?:opt|srv)[/\\][\w.-]{1,32}[/\\](?:etc|conf|logs?)[/\\]|dev[/\\]+(?:tcp|fd"
    r"|stdin|mem|random)\b|sys[/\\]class[/\\]"
    r"|home[/\\]+[\w.-]{1,32}[/\\]+\.(?:ssh|bash|aws|config|netrc|profile|gnupg|kube"
    r"|docker)|private[/\\]etc[/\\]"
    r"|run[/\\]secrets[/\\]|boot[/\\]grub)"
)
_PRIVATE = (
    r"(?:etc[/\\]+(?:passwd|g?shadow|master\.passwd|sudoers)|proc[/\\]+(?:self"
    r"|\d{1,7})[/\\]+(?:environ|cmdline|fd|maps|cwd|root|status)"
    r"|root[/\\]+\.\w+|(?:home|users)[/\\]+[\w.-]{1,32}[/\\]+\.(?:ssh|aws"
    r"|bash_history|kube)|(?:windows|winnt)[/\\]+(?:win|system)\.ini|boot\.ini)"
)
_WINDOWS = (
    r"(?:(?:windows|winnt)[/\\]+(?:win\.ini|system\.ini|system32|repair|temp|debug"
    r"|php\.ini|my\.ini|panther|syswow64|windowsupdate\.log|iis\d?\.log"
    r"|explorer\.exe)"
    r"|boot\.ini|autoexec\.bat|ntuser\.dat|pagefile\.sys|inetpub[/\\]+(?:wwwroot"
    r"|logs)[/\\]+[\w.-]|documents and settings[/\\]"
    r"|(?:xampp|wamp\w*|apache\w*|mysql|php)[/\\]+(?:[\w.-]+[/\\]+){0,3}(?:\w+\.ini"
    r"|\w+\.conf|access[._]log|error[._]log))"
)
_ROOTED = r"^[\s\"'=]{0,3}(?:file:|[a-z]:|[\w.-]{1,32}=)?[/\\.\x00]*[/\\](?:\.?[/\\])*"
_APP = (
    r"(?:(?:web|meta)-inf[/\\]+(?:web\.xml|classes|lib|context\.xml|manifest\.mf"
    r"|[\w.-]+\.(?:xml|jsp|properties))"
    r"|\.git[/\\]+(?:config|head|index|logs|refs|objects|fetch_head|packed-refs)"
    r"|\.svn[/\\]+(?:entries|wc\.db|format|text-base)|\.hg[/\\]+(?:hgrc|store"
    r"|requires)|\.bzr[/\\]+"
    r"|\.ssh[/\\]+(?:id_\w+|authorized_keys|known_hosts|config)"
    r"|\.aws[/\\]+(?:credentials|config)|\.kube[/\\]+config"
    r"|\.docker[/\\]+config\.json"
    r"|\.env(?:\.(?:local|production|prod|dev|development|staging|backup|bak|old"
    r"|save))?|\.htpasswd|\.htaccess|\.bash_history|\.mysql_history|\.zsh_history"
    r"|\.netrc|\.npmrc|\.pgpass|\.git-credentials|\.bashrc"
    r"|wp-config\.(?:php[.~]\w{0,8}|bak|old|txt)|web\.config|global\.asax?|id_(?:rsa"
    r"|dsa|ed25519)|application(?:-\w+)?\.(?:properties|ya?ml)|database\.yml"
    r"|secrets\.yml|\.ds_store)"
)

_FILES = rf"(?:{_UNIX}|{_WINDOWS}|{_APP})"

# Small signs of the names above, which are too many for the common automaton.
_UNIX_SIGN = (
    r"(?:(?:etc|proc|var|root|usr|opt|srv|dev|sys|private|run|boot)[/\\]"
    r"|(?:home|users)[/\\]+[\w.-]*[/\\]+\.)"
)
_WINDOWS_SIGN = (
    r"(?:(?:windows|winnt|inetpub|settings|xampp|wamp\w*|apache\w*|mysql|php)[/\\]"
    r"|boot\.ini|autoexec\.bat|ntuser\.dat|pagefile\.sys)"
)
_ANY_SIGN = rf"(?:{_UNIX_SIGN}|{_WINDOWS_SIGN})"
_APP_SIGN = (
    r"(?:(?:web|meta)-inf[/\\]|\.(?:git|svn|hg|bzr|ssh|aws|kube|docker)[/\\]|\.git-|\.env|\.ht"
    r"|\.(?:bash|mysql_|zsh_)|\.netrc|\.npmrc|\.pgpass|\.ds_|wp-config\.|web\.config|global\.asa"
    r"|id_(?:rsa|dsa|ed)|application(?:-\w+)?\.[py]|(?:database|secrets)\.yml)"
)


def _is_file_field(field: Field, text: bytes) -> bool:
    """Return True when the field's name says that it picks a file."""
    name = field.name.encode("utf-8", "replace")
    return name != field.value and bool(_FILE_NAME.search(name))


def _is_script_root(field: Field, text: bytes) -> bool:
    """Return True for the variables of old PHP applications that begin an include's path."""
    return bool(_SCRIPT_ROOT.search(field.name))


def _is_not_referer(field: Field, text: bytes) -> bool:
    return field.place is not Place.HEADER or field.name not in ("referer", "user-agent")


def _is_with_folder(field: Field, text: bytes) -> bool:
    """Return False for a bare file name, which people search for."""
    return _is_not_referer(field, text) and (b"/" in text or b"\\" in text)


def _is_no_document(field: Field, text: bytes) -> bool:
    """Return False for texts of many words or lines: articles, code, logs."""
    return text.count(b"\n") < 4 and len(text.split(None, 12)) <= 12


DETECTOR = Detector(
    slug="path-traversal",
    rules=(
        # Clients resolve ".." before they send a path (RFC 3986 §5.2.4).
        Rule("dot_dot_slash", rf"[/\\;=]{_UP}", 0.97, _REASON, frozenset({Place.PATH})),
        Rule("dot_dot_slash", r"/\.\.(?:;|\z)", 0.9, _REASON, frozenset({Place.PATH})),
        Rule(
            "dot_dot_slash",
            rf"^{_CLEAN}*{_UP}{_UP}{_CLEAN}*{_LAST}",
            0.98,
            _REASON,
            _SENT | {Place.PATH},
            check=_is_not_referer,
        ),
        Rule("dot_dot_slash", rf"^{_CLEAN}*{_UP}{_UP}{_CLEAN}*{_LAST}", 0.9, _REASON),
        Rule("dot_dot_slash", rf"{_UP}{_UP}{_UP}{_UP}{_CLEAN}*\z", 0.96, _REASON),
        Rule(
            "dot_dot_slash",
            rf"^{_CLEAN}*{_UP}{_CLEAN}*{_LAST}",
            0.97,
            _REASON,
            _SENT,
            _is_file_field,
        ),
        Rule(
            "dot_dot_slash",
            rf"^(?:[/\\]|{_CLEAN}+[/\\])?\.\.[/\\]{_CLEAN}*{_LAST}",
            0.8,
            _REASON,
            _SENT,
        ),
        Rule("dot_dot_slash", rf"{_UP}{_UP}", 0.5, _REASON),
        Rule(
            "dot_dot_slash",
            rf"\.\.{_SEP}",
            DECISIVE,
            _REASON,
            check=confirmed_by(rf"\.\.{_SEP}+[\w./\\-]*{_FILES}"),
        ),
        # Filters that remove "../" once leave one behind.
        Rule(
            "nested_dots",
            r"(?:\.{4,}[/\\]{1,}){2}|\.\.\.\.//|\.\.\.\.\\\\|\.\.\./\.{1,2}//?\."
            r"|(?:\.{3,}[/\\]+){3}",
            0.97,
            check=_is_no_document,
        ),
        Rule("nested_dots", r"(?:\.\.;[/\\]){2}|/\.\.;[/\\]\w", 0.97),
        Rule(
            "nested_dots",
            r"(?:\.\|\./){2}|(?:\.\.[\x01-\x1f][/\\]){2}|(?:\.(?:%00|\x00)\.[/\\])",
            0.97,
        ),
        Rule(
            "overlong_dots",
            rf"(?:%?%?\xc0[.\xaen^\xfe]){{2}}|(?:(?:\?\.|\.\?|\?\?){_SEP}){{2}}|(?:\.\."
            r"|\?\?)(?:\xef\x80\xa5|\xee\xbf\x88|\xc0(?:[\x2f\xaf]|%9v|%qf)"
            r"|\xc1(?:[\x1c\x9c]|%8s|%pc))",
            0.97,
        ),
        Rule(
            "literal_escape",
            r"(?:\.\.|0x2e0x2e|%2e%2e)(?:0x2f|0x5c)|(?:0x2f|0x5c)0x2e|(?:\.\.(?:2f|5c|%?%5c|%?%2f)){2}"
            r"|\.\.2fetc2f|%%3[25]%%6[356]|%2%e%2%[ef]|(?:2e2e(?:2f|5c)){2}",
            0.97,
        ),
        Rule(
            "sensitive_file",
            rf"{_ROOTED}{_UNIX_SIGN}",
            0.97,
            places=_SENT,
            check=confirmed_by(rf"{_ROOTED}{_UNIX}{_CLEAN}*{_LAST}", after=_is_no_document),
        ),
        Rule(
            "sensitive_file",
            rf"{_ROOTED}{_UNIX_SIGN}",
            0.8,
            check=confirmed_by(rf"{_ROOTED}{_UNIX}{_CLEAN}*{_LAST}"),
        ),
        Rule("sensitive_file", rf"{_ROOTED}{_PRIVATE}{_CLEAN}*{_LAST}", 0.98),
        Rule(
            "sensitive_file",
            rf"{_ROOTED}(?:etc|proc/self|usr/local/etc)/[\w./-]+{_LAST}",
            0.96,
            places=frozenset({Place.QUERY, Place.COOKIE}),
        ),
        Rule(
            "sensitive_file",
            rf"^(?:file:)?(?:[/\\:]|[a-z]:|[\w.-]*[/\\])*{_WINDOWS_SIGN}",
            0.97,
            check=confirmed_by(
                r"^(?:file:)?[/\\]*(?:[a-z]:)?[/\\]*(?:[\w.-]+[/\\]+){0,2}"
                rf"{_WINDOWS}{_CLEAN}*{_LAST}",
                after=_is_no_document,
            ),
        ),
        Rule(
            "sensitive_file",
            rf"[=?](?:file:)?(?:[a-z]:)?[/\\.]*{_ANY_SIGN}",
            0.97,
            check=confirmed_by(
                rf"^[^\s\"']*[=?](?:file:)?(?:[/\\.]*[/\\]+(?:{_UNIX}|{_PRIVATE})"
                rf"|(?:[a-z]:)?[/\\]*{_WINDOWS})",
                after=_is_no_document,
            ),
        ),
        Rule("sensitive_file", r"^etc[/\\]+(?:passwd|shadow)(?:\x00|\z)", 0.97),
        Rule(
            "sensitive_file",
            rf"/{_ANY_SIGN}",
            0.97,
            places=frozenset({Place.PATH}),
            check=confirmed_by(
                rf"/(?:{_PRIVATE}|{_WINDOWS})(?:[/.?\x00\"'\\]|\z)"
                r"|/proc/(?:interrupts|kallsyms|cpuinfo|meminfo|mounts|sched_debug)\z"
            ),
        ),
        Rule(
            "sensitive_file",
            rf"(?:^|[/\\]){_APP_SIGN}",
            0.97,
            places=frozenset({Place.PATH}),
            check=confirmed_by(rf"/{_APP}(?:[/?\x00]|\z)"),
        ),
        # What editors and assistants leave beside the code, at most one folder down.
        Rule(
            "sensitive_file",
            r"^/(?:[\w-]+/)?\.(?:(?:vscode|idea|claude|cursor|codex|continue|aider[\w.]*"
            r"|windsurf|cline|roo|kiro|zed|n8n|opencode|plandex|junie|rovodev|a0proj|fabric)/[\w.-]"
            r"|(?:ai|cursor|codeium|claude|gemini|copilot|aider|continue)ignore\z)",
            0.96,
            places=frozenset({Place.PATH}),
        ),
        # Dumps and logs that were left where the server finds them.
        Rule(
            "sensitive_file",
            r"(?:/|^)[\w-]*(?:dump|backup|database|mysql|db|site|users?)[\w.-]*\.sql"
            r"(?:\.(?:gz|zip|bz2|xz|7z|tar|tgz|zst|lz4?|rar))?\z|/wp-content/(?:debug|errors?)\.log\z"
            r"|^/@(?:id|fs)/.*(?:\.\.|[?&](?:raw|import|url))|^/@fs/(?:etc|proc|root|home|[a-z]:)",
            0.96,
            places=frozenset({Place.PATH}),
        ),
        # A copy of a script is sent as its source.
        Rule(
            "sensitive_file",
            r"\.(?:jspx?|php\d?|phtml|aspx?|cgi|cfm)(?:~|(?:/[\w.-]*)?\.(?:bak|old|orig|save|sw[op]|inc))\z",
            0.96,
            places=frozenset({Place.PATH}),
        ),
        # CWE-98: a script is included from elsewhere; the "?" turns what is appended into a query.
        Rule(
            "remote_file",
            r"^\s?(?:https?|ftps?)://[^\s?]*\?+(?:\x00|%00)?\s?\z",
            0.96,
            places=frozenset({Place.QUERY}),
            check=_is_file_field,
        ),
        Rule(
            "remote_file",
            r"^\s?(?:https?|ftps?)://(?:[^\s/@]*@)?(?:\[?(?:\d{1,3}\.){3}\d{1,3}\]?(?::\d{1,5})?"
            r"|\[[0-9a-f:.]+\](?::\d{1,5})?|(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4})/[^\s]*"
            r"\.(?:txt|php\d?|phtml|inc|aspx?|jspx?|cgi|pl|py|sh)\b",
            0.96,
            places=frozenset({Place.QUERY}),
            check=_is_file_field,
        ),
        Rule(
            "remote_file",
            r"^\s?(?:https?|ftps?)://[^\s]*(?:\.(?:txt|php\d?|inc|dat)\?*(?:%00|\x00)?|\?)\s?\z",
            0.97,
            places=frozenset({Place.QUERY, Place.FORM, Place.COOKIE}),
            check=_is_script_root,
        ),
        Rule(
            "sensitive_file",
            rf"(?:^|[/\\]){_APP_SIGN}",
            0.97,
            places=_SENT,
            check=confirmed_by(
                rf"^(?:[\w./\\%:-]*[/\\])?{_APP}(?:\x00\S*|[~/\\.?]\S*)?\z", after=_is_file_field
            ),
        ),
        Rule(
            "sensitive_file",
            rf"(?:^|[/\\]){_APP_SIGN}",
            0.97,
            places=_AT_HEAD,
            check=confirmed_by(rf"^[/\\]?(?:[\w.-]+[/\\]+){{0,4}}{_APP}\z", after=_is_with_folder),
        ),
        Rule(
            "sensitive_file",
            rf"^(?:[a-z]:)?[/\\]{_CLEAN}*[/\\](?:httpd\.conf|php\.ini|my\.(?:cnf|ini)"
            rf"|(?:access|error)[._]log|(?:pure-?|pro|vs)ftpd\.\w+){_LAST}",
            0.96,
            places=_SENT,
            check=_is_not_referer,
        ),
        Rule("sensitive_file", rf"[/\\]{_PRIVATE}", 0.6),
        Rule(
            "null_byte",
            r"\.(?:php\d?|jspx?|aspx?|ini|conf|html?|txt|log|inc|cgi|pl|xml|cfm"
            r"|passwd)(?:\x00|%00)",
            0.97,
            check=_is_not_referer,
        ),
        Rule("null_byte", r"[/\\][\w.-]{1,64}(?:\x00|%00)(?:\.?\w{1,5})?\z", 0.9),
        Rule(
            "wrapper",
            r"^[\s\"']{0,2}(?:php:/{0,2}(?:filter|input|fd|memory|temp|std(?:in|out|err)|output|expect)"
            r"|expect:/{0,2}\w|zip:/{2}|glob:/{2}|compress\.\w+:/{2}|zlib:|ogg:/{2}|rar:/{2}"
            r"|data:(?:text/plain)?;?(?:base64)?,\s?(?:<\?|PD9))",
            0.98,
        ),
        Rule(
            "wrapper",
            r"[=]\s?(?:php:/{0,2}(?:filter|input|fd|expect)|expect://|zip://|phar://|glob://)",
            0.97,
        ),
        Rule("wrapper", r"php://filter/[\w.=/|-]*resource=", 0.97),
        Rule(
            "wrapper",
            r"file:[/\\]",
            0.98,
            check=confirmed_by(
                r"(?:^|[=\"'(@])\s?file:[/\\]+(?:localhost|127\.0\.0\.1)?[/\\]*(?:[a-z]:[/\\]+)?"
                rf"[\w./\\-]*{_FILES}",
                after=_is_no_document,
            ),
        ),
        Rule("wrapper", r"^\s?(?:file:/{2,4}|\\\\[\w.-]{1,64}\\[\w$.-])", 0.7),
    ),
)
