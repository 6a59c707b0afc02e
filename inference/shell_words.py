r"""What shell commands look like, for the command-injection detector.

A command is a word and what makes it more than a word: ``cat`` is English, ``cat /etc`` is not.
Written out in every position, the shapes of commands make a large automaton, so the rules look for
a small sign (``INSERTED``, ``AT_START``) and have ``RUN`` confirmed (``detector.confirmed_by``).
"""

from collections.abc import Iterable

BIN = r"(?:(?:/|\./)?(?:[\w.?*-]+/)*bin/|/)?"
END = r"(?:\s*\z|\s*[;|&`'\"#)\]<>]|%0[ad]|\$)"
_ARG = r"[\"']{0,2}(?:-\w|--\w|/|~|\.{1,2}/|\$|[\w.*?-]*[./*?][\w./*?-]*)"
_HOST = r"[\"']?(?:[a-z]+://|-\w|--\w|\$|[\w-]+(?:\.[\w-]+)+|localhost|\[|[\w.-]+@\w)"

_CLEAR = (
    r"whoami uname ifconfig ipconfig netstat systeminfo tasklist printenv lsof hostnamectl"
    r" phpinfo\(\) getent nltest qwinsta vssadmin dmesg htop lastlog lsblk lscpu lsusb lspci"
    r" ip6?tables dmidecode journalctl gunzip unxz unlzma bunzip2 (?:zstd|bz|xz|lz)cat zgrep"
    r" zcat aptitude aa-(?:disable|complain|exec) cscli ansible(?:-[a-z]+)? chef-\w+ [sl]trace"
    r" tcpdump tshark nmap capsh setarch unshare nsenter pkexec chroot sqlite3 psql mysqldump"
    r" pg_dump gdbserver start-stop-daemon update-alternatives run-parts systemd-run dpkg"
    r" loginctl sysctl ldconfig readelf objdump hexdump sshpass crontab visudo useradd usermod"
    r" chpasswd chattr setcap getcap bcdboot bcdedit diskpart diskshadow driverquery esentutl"
    r" forfiles fsutil gpresult icacls msiexec nbtstat openfiles pathping robocopy taskkill"
    r" w32tm wbadmin wevtutil winrm winrs xcopy installutil msbuild regasm regsvcs odbcconf"
    r" cmstp"
)
"""Names that mean nothing but the command."""
_BARE = (
    "id pwd ls ps w who env set dir date uptime df hostname last groups ver history whoami uname"
    " reboot vol sh bash ping arp route jobs top finger sleep cat nc wget curl help ll"
)
"""Commands that say something without arguments."""
_ON_FILES = (
    r"cat tac nl more less head tail od xxd strings rev sort cp mv rm ls dir chmod chown touch"
    r" find grep awk sed tee diff wc mkdir vi vim nano source tar unzip stat file base64 bash"
    r" sh zsh ksh dash php perl python[\d.]* ruby node lua java gcc env which kill ps mount"
    r" crontab su sudo nohup busybox openssl killall [gmn]awk base32 basenc bzip2 gzip xz zstd"
    r" 7z[ar]? cpio csh tcsh fish dash ash cmp cut column comm csplit ed ex emacs expand"
    r" expect fold fmt flock gcc g\+\+ cc c89 c99 gem git ghc iconv install ionice irb jjs jq"
    r" join ln make man nice nroff paste patch perf pg pico pip3? pr rake rpm screen script"
    r" shuf split stdbuf svn tclsh tmux troff ul uniq vigr vipw watch whois wish yum dnf apk"
    r" apt(?:-get)? brew zip zsoelim docker kubectl npm npx node composer mail mutt sendmail"
    r" snap ss ip mtr top iftop at batch chgrp clang cobc dialog dmsetup eqn gimp groff lua\d*"
    r" octave pandoc pdftex latex rview rvim sqlmap tbl tic unexpand valgrind xelatex"
)
_ON_FILES += (
    r" killall type copy del move icacls attrib shutdown reboot systemctl"
    r" service xargs"
    r" gdb rmt bsdtar cpulimit taskset flock jrunscript ispell aspell hping3 fping nawk w3m rc yash"
    r" slsh unsquashfs uu(?:en|de)code xmodmap zypper nft openvpn openvt terraform vimdiff nvim"
    r" exiftool uconv msgconv dosbox genisoimage ghci knife ksh latexmk lftp logsave ltrace minicom"
    r" msfconsole ncdu nmcli ogrinfo pidstat pipx mawk agetty busctl distcc easy_install expand"
    r" lastlogin pip rlwrap smbclient tasksh tmate varnishncsa xdotool"
)
_ON_HOSTS = (
    "ping wget curl fetch nslookup dig host telnet nc ncat netcat ssh scp ftp tftp sftp traceroute"
    " tracert lynx socat rsync aria2c certutil bitsadmin lwp-download lwp-request ssh-copy-id"
    " ssh-keyscan"
)
_SHAPES = (
    (_ON_FILES, rf"(?:\.exe)?\s+{_ARG}"),
    (_ON_HOSTS, rf"(?:\.exe)?\s+{_HOST}"),
    ("nc ncat netcat telnet", r"\s+[\w.-]+\s+\d{1,5}"),
    ("ping", r"\s+(?:-[cnwit]\s*\d+\s+)?[\w.-]+\s*(?:-[cn]\s*\d+)?\s*(?:\z|[;|&])"),
    ("sleep", r"\s+[\d.]{1,5}[smh]?(?:\s*\z|\s*[;|&`'\")#\]$]|%)"),
    ("usleep", r"\s+\d"),
    ("timeout", r"\s+(?:/t\s+)?\d"),
    ("date", r"\s+(?:--?\w|\+)"),
    ("dd", r"\s+[io]f="),
    ("cat", r"\s?<\s?/"),
    ("echo", r"(?:\s+[\"'$\w%-]|\s*;)"),
    ("chmod", r"\s+(?:[0-7]{3,4}|[ugoa]*\+\w)\s"),
    ("iwr", r"\s+http"),
    ("printf", r"\s+[\"'%\w]"),
    ("print", r"\s+[\"']"),
    ("expr", r"\s+\d+"),
    ("id pwd w who last df du", r"\s+-"),
    ("set", r"\s+/\w"),
    ("export", r"\s+\w+="),
    ("net1?", r"\s+(?:user|localgroup|group|view|share|start|use|accounts)\b"),
    (r"net(?:sh|\.exe)", r"\s+\w"),
    ("reg", r"(?:\.exe)?\s+(?:add|query|save|delete|export)\b"),
    ("wmic rundll32 mshta passwd", r"\s+\w"),
    ("sc", r"\s+(?:query|config|create|start|stop)\b"),
    ("ver", r"\s*\z"),
    ("cmd", r"(?:\.exe)?\s*(?:/[ckr]|\z)"),
    ("start", r"\s+(?:/b|cmd|calc|[\w.]+\.exe)"),
    ("powershell", r"(?:\.exe)?\s+[-\w\"']"),
    ("pwsh", r"\s+-"),
    ("regsvr32 schtasks regedit", r"\s+/"),
    ("bcdboot bcdedit taskkill shutdown", r"/[a-z]\s"),
    # Editors run what follows "!".
    ("r?vim? ex n?view", r"\s[^;|&\n]*!\s?[a-z]"),
    ("trap", r"\s+[\"']"),
    (r"[gc]\+\+ gcc c[89]9 cc", r"\s+-wrapper\b"),
    ("[wc]script", r"\s+\S"),
    ("calc notepad", r"\.exe"),
    ("if", r"\s+\["),
    ("for", r"\s+(?:\w+\s+in\s|/\w\s)"),
    ("while", r"\s+(?:true|:|\[)"),
    ("useradd mkfifo mknod xargs", r"\s"),
    ("exec", r"\s+\d?[<>]"),
    ("eval", r"\s+[\"'$`]"),
    ("system exec passthru shell_exec popen proc_open eval", r"\s*\(\s*[\"'$]"),
    ("die", r"\("),
    ("dir", r"\s+[a-z]:"),
    ("type", r"\s+(?:%\w|[a-z]:)"),
    ("tr", r"\s+-d"),
    ("tr", r"\s+\S{1,16}\s+\S{1,16}\s*(?:\||\z)"),
    ("perf", r"\s+(?:stat|record|trace|top|list)\b"),
    ("ip", r"\s+(?:a|addr|link|route|neigh)\b"),
    ("env", r"\s+(?:\w+=|[a-z]+\s+[-/.])"),
    ("whoami", r"\s*(?:<<<|/)"),
    ("at", r"\s+(?:now|\d{1,2}:\d\d)\b"),
    ("docker kubectl", r"\s+(?:run|exec|cp|ps|get|apply|create)\b"),
    ("git svn", r"\s+(?:clone|config|init|log|co|checkout|help)\b"),
    (
        "apt apt-get yum dnf apk pip3? gem npm brew snap",
        r"\s+(?:install|update|remove|list|download)\b",
    ),
)
"""Commands that are words as well, and what only follows commands."""
_OTHERS = r"\[\s+\S+\s+-(?:eq|ne)\s|str\w*=\$\(|(?:cmd|a|x)=\$|echo\."
_OTHER_SIGNS = r"\[[\s+]|(?:str\w*|cmd|a|x)=\$|echo\."


def _any(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


# What runs the command that is named after it.
_RUNNERS = (
    "time nohup setsid command builtin stdbuf nice ionice sudo busybox env exec xargs timeout"
)
_RUN_BY = r"(?:-\S+\s+|\w+=\S*\s+|\d+\w?\s+)*(?:/\S*/)?"
CLEAR = rf"{_any(_CLEAR.split())}(?:\.exe)?"
BARE = rf"{_any(_BARE.split())}(?:\.exe)?"
NAMES = _any([*_BARE.split(), *(word for words, _ in _SHAPES for word in words.split())])
"""Every name, words of prose among them."""
# The "+" of a query string may still stand for a space.
_WITH_ARGUMENTS = _any(
    [
        *(_any(words.split()) + follows for words, follows in _SHAPES),
        rf"{_any(_RUNNERS.split())}\s+{_RUN_BY}(?:{CLEAR}|{_any(_BARE.split())})(?:\s|{END})",
        _OTHERS,
    ]
).replace(r"\s+", r"[\s+]+")
RUN = (
    rf"{BIN}(?:{CLEAR}(?:\s|{END})|{_WITH_ARGUMENTS})"
    rf"|(?:/|\./)?(?:usr/)?(?:local/)?s?bin/[\w.-]{{1,32}}(?:\s|{END})"
)
INSIDE = rf"\s*(?:{RUN}|{BARE}{END}|{CLEAR})"
"""What a substitution begins with."""

PADDING = r"[\s;|&+(){!\"'@^]*"
ON_LINE = rf"(?:;|\|\|?|&&?|%0[ad]|\\n|\\r\\n){PADDING}"
SEPARATOR = rf"(?:;|\|\|?|&&?|[\r\n]|%0[ad]|\\n|\\r\\n){PADDING}"

_ALONE = frozenset(_BARE.split()) - frozenset(_CLEAR.split())
_TO_ARGUMENTS = (
    frozenset(word for words, _ in _SHAPES for word in words.split()) | {*_RUNNERS.split()}
) - _ALONE
_COMMAND = (
    rf"/?(?:{_any(_CLEAR.split())}|{_any(sorted(_ALONE))}(?:[\s+;|&`'\"#)\](<>%$/]|\.exe|\z)"
    rf"|{_any(sorted(_TO_ARGUMENTS))}(?:[\s+;(%</]|\.exe|\z)"
    rf"|{_OTHER_SIGNS}|[\w./?*-]*bin/)"
)
INSERTED = rf"(?:[;|&\r\n`]|\$\(|%0[ad]|\\n){PADDING}{_COMMAND}"
"""A sign of every command after a separator or in a substitution."""
AT_START = rf"^\s*{_COMMAND}"
"""A sign of every command that starts a value."""
