"""Rules for JavaScript, Perl, Ruby, Java and batch files that a server ends up running.

CRS 932140, 934100-934160, 944100-944260; CWE-94, CWE-95. Part of the command-injection detector.
"""

import re2

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options

_VARIABLE = r"%{1,2}~?[^\s%]"
_MESSAGE = re2.compile(
    rb"^\s*console\.\w+\(\s*(?:\"[^\"]*\"|'[^']*'|[a-z_$][\w.]*)?\s*\)\s*;?\s*$",
    options=re2_options(),
)
_NODE = re2.compile(
    rb"\b(?:process|this|global(?:this)?|module|require|env)\b", options=re2_options()
)
_WHOLE = r"^[\s;\"'`(){}+,!&|=-]{0,8}"
_IF = r"(?:^|[;&|(\n`\"'=])\s*if\s+"
_OPERAND = r"[\"'\[({]*%{0,2}[\w.:~/?-]+%?[\"'\])}]*"
_ARGUMENT = r"%(?:~?[0-9a-z*]\b|\w+(?::[^%\s]*)?%|%\w\b)"
"""A variable of a batch file, or one of its arguments."""
_BATCH = (
    r"(?:echo|calc|cmd|whoami|del|erase|type|copy|move|start|goto|call|set|exit|ping|dir|rem|net|md"
    r"|mkdir|rd|rmdir|ver|shutdown|powershell|ipconfig|systeminfo|reg|sc|timeout|pause)"
)
_NODE_MODULE = (
    r"(?:node:)?(?:child_process|fs|os|net|http|https|vm|cluster|dgram|dns|tls|module"
    r"|worker_threads|process)"
)

_LOOP = re2.compile(
    (
        rf"{_WHOLE}while\s*\([\s(]*([!\s]*)\s*(?:(true|[+-]?(?:\d*[1-9][\d.]*|0x\d*[1-9]\d*)n?|infinity"
        r"|[+-]infinity|\[[^\]]*\]|\{[^}]*\}|\"[^\"]+\"|'[^']+'|`[^`]+`|new\s+\w+\(?\)?|this|window"
        r"|(?-i:String|Object|Array|Math|Function|Date|JSON|Number|Boolean|Symbol|globalThis))"
        r"|(false|[+-]?0+(?:\.0+)?n?|null|undefined|nan|\"\"|''|``))\s*\)"
    ).encode(),
    options=re2_options(),
)


def _is_endless(field: Field, text: bytes) -> bool:
    """Return True for a short value that begins a loop whose condition always holds."""
    if not is_short(10)(field, text):
        return False
    match = _LOOP.search(text)
    return match is not None and (match[1].count(b"!") % 2 == 0) == (match[2] is not None)


def _is_no_message(field: Field, text: bytes) -> bool:
    """Return False for what people write to see that they get there: ``console.log("here")``."""
    return is_short(2)(field, text) and not (_MESSAGE.search(text) and not _NODE.search(text))


RULES = (
    Rule(
        "batch_loop",
        r"\bfor\s+(?:/[dflr]\s.*)?%{1,2}~?(?:\w+|[^\s%])\s+in\s*\(",
        0.97,
        check=is_short(40),
    ),
    Rule("batch_loop", r"\bfor\s+/[dflr]\s+(?:\"[^\"]*\"\s+)?%", 0.96, check=is_short(40)),
    Rule(
        "batch_condition",
        r"(?:^|[;&|(\n`\"'=])\s*if\s+(?:/i\s+)?(?:not\s+)?"
        r"(?:exist|defined|errorlevel|cmdextversion)\s+[^\s]",
        0.96,
        check=is_short(20),
    ),
    Rule(
        "batch_condition",
        r"(?:^|[;&|(\n`\"'=])\s*if\s*(?:/i\s|\s+(?:not\s|[\"'%\w]"
        r"|[\[({][\"'%\w-]*[\])}]?\s*(?:==|equ\s|neq\s|lss\s|leq\s|gtr\s|geq\s)))",
        0.96,
        check=confirmed_by(
            rf"(?:^|[;&|(\n`\"'=])\s*if(?:\s*/i)\s+(?:not\s+)?\S+\s*(?:==|\s(?:equ|neq|lss|leq|gtr|geq)\s)"
            rf"|{_IF}(?:(?:not\s+)?[\"'\[({{]*{_ARGUMENT}\S*\s*(?:==|\s(?:equ|neq|lss|leq|gtr|geq)\s)"
            rf"|(?:not\s+)?{_OPERAND}\s+(?:equ|neq|lss|leq|gtr|geq)\s+{_OPERAND}"
            rf"|(?:not\s+)?(?:\"[^\"]*\"|'[^']*'|%[^%]+%)\s*==\s*{_OPERAND}"
            rf"|(?:not\s+)?{_OPERAND}\s*={{2,3}}\s*(?:{_OPERAND}|%%\w)\s*(?:\(\w|(?:do\s+)?{_BATCH}\b))",
            after=is_short(16, lines=2),
        ),
    ),
    # Perl interpolates the value of any expression between these.
    Rule("perl_interpolation", r"@\{\s*\[", 0.97, check=is_short(32, lines=4)),
    Rule(
        "node_module",
        r"\brequire\s*(?:\.call\s*)?\(",
        0.97,
        check=confirmed_by(
            rf"\brequire\s*\(\s*[\"'`]{_NODE_MODULE}[\"'`]\s*\)\s*[.\[]|\b(?:global\.)?process"
            r"\s*\.\s*(?:mainModule|binding|dlopen)",
            after=is_short(12),
        ),
    ),
    Rule(
        "node_object",
        r"\bprocess\s*(?:\.|\[)",
        0.96,
        check=confirmed_by(
            rf"{_WHOLE}(?:this\.|global(?:This)?\.)?process\s*(?:\.\s*|\[\s*[\"'`])"
            r"(?:env|exit|kill|abort|cwd|argv|mainModule|binding|version|pid)\b",
            after=is_short(3),
        ),
    ),
    Rule(
        "node_object",
        r"\bconsole\s*(?:\.|\[)",
        0.96,
        check=confirmed_by(
            rf"{_WHOLE}console\s*(?:\.\s*|\[\s*[\"'`])(?:log|info|warn|error|debug|trace|table|dir)"
            r"\b[\"'`\]\s]*(?:\.\s*(?:call|apply|bind)\s*)?[(`]",
            after=_is_no_message,
        ),
    ),
    Rule("endless_loop", r"\bwhile\s*\(\s*[(!+\[{'\"`\w-]", 0.96, check=_is_endless),
    Rule(
        "ruby_call",
        r"\b(?:Process\.(?:spawn|exec|fork)|Kernel\.(?:exec|system|spawn|open|eval|fork)"
        r"|IO\.(?:popen|sysopen)|Open3\.\w+)[\s(]",
        0.96,
        check=is_short(12),
    ),
    # Names of classes that start programs; RuntimeException is none.
    Rule(
        "java_process",
        r"\bjava(?:\.[\w.]+)?\.(?:runtime|processbuilder|processimpl)\b",
        0.96,
        check=is_short(3),
    ),
    Rule(
        "class_loader",
        r"\bclass(?:\.|\[)(?:module\]?[.\[])?class-?loader\b",
        0.98,
        check=is_short(6),
    ),
    Rule("class_loader", r"\$\$FastJson\$\$|class\.module\.classLoader", 0.97),
    Rule(
        "java_process",
        r"new\s+java\.lang\.ProcessBuilder\s*\(|forName\(\s*\\?[\"']java\.lang\.(?:ProcessBuilder|Runtime)\b",
        0.96,
    ),
    Rule("remote_method", r"^[\w.]+\.os\.(?:system|popen|exec\w*|spawn\w*)\z", 0.97),
    # A constructor called by its name: ThinkPHP's "_method", Yii's object configuration.
    Rule("constructor_call", r"^__construct(?:\(\))?\z", 0.97),
    Rule(
        "server_markup",
        r"<cf(?:execute|file|http|include|invoke|object|query|script|module|ldap|ftp)\b",
        0.96,
    ),
    Rule(
        "server_setting",
        r"brokerconfig=xbean:|\bsolr\.RunExecutableListener\b"
        r"|\b(?:autoDeserialize|allowLoadLocalInfile|allowUrlInLocalInfile)[\\\"']*\s*[:=]\s*[\\\"']*true\b",
        0.96,
    ),
    Rule(
        "node_module",
        r"\brequire\.main\.(?:require|constructor)\b|=\s*(?:global\.)?require\s*;.*child_process",
        0.97,
        check=is_short(16),
    ),
    Rule(
        "node_object",
        r"(?:this|globalthis|process|\]|\)|\"|')\.constructor\.constructor\b",
        0.96,
        check=is_short(4),
    ),
    # Spring reads beans, and what they start, from anywhere.
    Rule(
        "remote_beans",
        r"(?:FileSystem|ClassPath)XmlApplicationContext\s*\(\s*\\?[\"'](?:https?|ftp|file|jar|\\)",
        0.97,
    ),
    Rule("node_object", r"\.?constructor\s*\(\s*\\?[\"'`]return\s+(?:process|this|global)\b", 0.97),
    Rule(
        "reverse_shell",
        r"\buse\s+(?:io::)?socket\b.{0,512}\bexec\s*\(?\s*\\?[\"']/bin/",
        0.97,
        check=is_short(60, lines=20),
    ),
)
