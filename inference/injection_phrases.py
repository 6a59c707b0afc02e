"""What prompt injections say, in English and other languages, for the prompt-injection detector.

The wordings need gaps and long lists, of which an automaton would be large: the rules look for a
sign, a word that every wording has, and what is here decides.
"""

import re

import re2

from inference.detector import confirmed_by
from inference.fields import Field
from inference.matcher import re2_options

_LEET = bytes.maketrans(b"0134579@$!|", b"oieastgasii")
_WORD = re.compile(rb"[a-z0-9@$!|']+")
_SENTENCE = re.compile(rb"[.?;]\s")
_WINDOW = 9
_FORGET = frozenset(
    b"ignore lgnore ignoring disregard disregarding forget forgetting overlook override "
    b"overrule bypass neglect"
    b" discard dismiss abandon revoke cancel nullify violate unfollow erase circumvent "
    b"drop skip".split()
)
_OBEY = frozenset(b"follow obey listen adhere".split())
_NOT = frozenset(b"not don't dont stop never no cannot longer without".split())
_EARLIER = frozenset(
    b"previous previously prior above preceding earlier original initial existing system "
    b"foregoing former past"
    b" default before your given old current last".split()
)
_AFTER = frozenset(b"above before earlier previously prior given".split())
_ORDERS = frozenset(
    b"instruction instructions directions prompt prompts directive directives guideline "
    b"guidelines commands"
    b" orders rules programming constraints safeguards guardrails restrictions".split()
)
_CONTEXT = frozenset(
    b"context conversation conversations task tasks assignment assignments input text "
    b"texts information content"
    b" sentence sentences message messages response responses statement statements "
    b"paragraph request question".split()
)
# "Ignore all rules" may be meant for a linter; these are words for a model.
_PURE = frozenset(b"instructions prompts directives guardrails programming safeguards".split())
_ALL = frozenset(b"all any every your".split())
# A person who writes to people says "my": "please ignore my previous instructions about parking".
_OWN = frozenset(b"my our her his their".split())


_VERBS = (
    r"(?:ignor|olvid|descart|desconsider|esque(?:ç|c)|dimentic|oubli|siga|suis|suivez"
    r"|tiens|tenez|caso\s+omiso"
    r"|zapomnij|pomi|lupakan|abaikan|quên|bỏ qua|phớt lờ|negeer|vergeet|vergi|vergess"
    r"|missacht|talimat|komut|y(?:ö|o)nerge)"
).encode()
_VERB = re2.compile(_VERBS, options=re2_options())
_DENIED_VERB = re2.compile(
    r"(?:\bno|\bnon|\bn(?:ã|a)o|\bn'|\bn’|\bnie|\bjangan|đừng|\bne|\bnunca|\bjamais)\s*"
    r"(?:se\s+|te\s+|vous\s+|os\s+)?".encode()
    + rb"(?:ignor|olvid|descart|desconsider|esque|dimentic|oubli|zapomnij|pomi|lupakan"
    rb"|abaikan|qu\xc3\xaan|b\xe1\xbb\x8f qua)",
    options=re2_options(),
)


def _words(text: bytes) -> list[bytes]:
    found = (word.strip(b"!|$'") for word in _WORD.findall(text.lower()))
    return [word if word.isalpha() else word.translate(_LEET) for word in found if word]


def _cancels(text: bytes, nouns: frozenset[bytes], *, is_certain: bool) -> bool:
    """Look for a verb of forgetting, then soon one of the nouns, with a word for "earlier"."""
    for sentence in _SENTENCE.split(text):
        words = _words(sentence)
        for start, word in enumerate(words):
            lead = words[max(0, start - 3) : start]
            is_denied = not _NOT.isdisjoint(lead)
            if word not in (_OBEY if is_denied else _FORGET) or not _FORGET.isdisjoint(lead):
                continue
            window = words[start + 1 : start + 1 + _WINDOW]
            noun = next((i for i, other in enumerate(window) if other in nouns), -1)
            if (
                noun < 0
                or (window[0] == b"to" and not is_denied)
                or (is_certain and not _OWN.isdisjoint(window[:noun]))
            ):
                continue
            if not _EARLIER.isdisjoint(window[:noun]):
                return True
            if not _AFTER.isdisjoint(window[noun + 1 : noun + 5]):
                return True
            if window[noun] in _PURE and noun < 4 and not _ALL.isdisjoint(window[:noun]):
                return True
    return False


def _is_order(field: Field, text: bytes) -> bool:
    """Let "n'oubliez pas les instructions" pass: every verb of forgetting is denied."""
    verbs = sum(1 for _ in _VERB.finditer(text))
    return verbs > sum(1 for _ in _DENIED_VERB.finditer(text))


def cancels_orders(field: Field, text: bytes) -> bool:
    """Return True when the text tells to forget instructions given earlier."""
    return _cancels(text, _ORDERS, is_certain=True)


def cancels_context(field: Field, text: bytes) -> bool:
    """Return True when it tells to forget any text given earlier, even one's own."""
    return _cancels(text, _CONTEXT | _ORDERS, is_certain=False)


CANCEL = (
    r"\b(?:[i1!|l][g9]n[o0]r|d[i1!|][s5$]r[e3][g9]|f[o0]r[g9][e3][t7]|[o0]v[e3]r(?:l"
    r"[o0]{2}k|r)|bypass|neglect|discard|d[i1!|][s5$]m[i1!|][s5$][s5$]|abandon|revoke"
    r"|circumvent|drop|skip"
    r"|cancel|nullify|violate|unfollow|erase|follow|obey|listen|adhere)"
)
FORGETTING = r"(?:ignore|disregard|forget|overlook|discard|erase)"
TELL = (
    r"(?:reveal|show|print|display|repeat|output|tell\s+(?:me|us)|give\s+(?:me|us)|leak"
    r"|expose|dump|share|disclose|divulge|recite|write(?:\s+(?:out|down))?"
    r"|return|list|type|paste|copy|spell|say|summari[sz]e|translate|encode|convert"
    r"|append|include|what\s+(?:is|are|was|were|does|did)|what'?s|describe|echo)"
)
MODEL = (
    r"(?:ai|a\.i\.|chat\s?bot|bot|chatgpt|gpt(?:-?\d)?|language\s+model|llm|assistant"
    r"|claude|gemini|bard|bing|copilot|llama|model|character|persona)"
)
UNFREE = (
    r"(?:restrict(?:ion|ed)\w*|limit(?:ation|s|ed)\w*|filter\w*|censor\w*|guidelines?"
    r"|polic(?:y|ies)|ethic\w*|moral\w*|rules?|guardrails?|safeguards?|boundaries"
    r"|constraints?)"
)

# Roots in bytes: a class can't hold characters of several bytes.
_FOREIGN = (
    # German, Dutch
    r"\b(?:ignorier\w*(?:\s+sie)?|vergi(?:ss|ß)|vergesst|missachte\w*|vergessen\s+sie"
    r"|negeer|vergeet)\s+(?:bitte\s+|nun\s+|jetzt\s+|einfach\s+)?(?:alle|die|deine|ihre"
    r"|jegliche|de|je|al\s+je)\s+(?:[^\s.!?]+\s+){0,3}(?:anweisung|instruktion"
    r"|instructie|befehl|anordnung|auftr(?:ä|ae)ge|angaben|regeln|vorgaben|prompt)",
    # Spanish, Portuguese, Italian, French
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|desconsider[ae]\w*|esque(?:ç|c)"
    r"[ae]\w*|dimentica\w*|oubli(?:e|es|ez|er)|haz\s+caso\s+omiso|n(?:ão|ao)\s+siga|ne"
    r"\s+(?:suis|suivez|tiens|tenez)\s+(?:pas|plus))\b[^.!?\n]*(?:instru(?:cciones|cci"
    r"(?:ó|o)n|(?:ç|c)(?:(?:õ|o)es|(?:ã|a)o))|istruzioni|instructions|consignes"
    r"|directives|directivas|(?:ó|o)rdenes|indicaciones|indicazioni|diretrizes|regras"
    r"|reglas)[^.!?\n]*(?:anterior|previ|precedent|pr(?:é|e)c(?:é|e)dent|ant(?:é|e)rieur"
    r"|ci-dessus|de\s+arriba|acima|sopra|initial)",
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|esque(?:ç|c)[ae]\w*|dimentica\w*|oubli(?:e|es|ez))"
    r"\b[^.!?\n]*(?:todas|todos|tutte|toutes|tous)\s+(?:\w+\s+){0,2}(?:anteriores"
    r"|previas|precedenti|pr(?:é|e)c(?:é|e)dentes)?\s?(?:instrucciones|instru(?:ç|c)(?:õ"
    r"|o)es|istruzioni|instructions|consignes)",
    # Polish, Turkish, Indonesian, Vietnamese
    r"(?:zignoruj|ignoruj|zapomnij|pomi(?:ń|n))[^.!?\n]*(?:poprzedni|wcze(?:ś|s)niejsz"
    r"|powy(?:ż|z)sz|wszystki)\w*[^.!?\n]*(?:instrukcj|polece|zasad)",
    r"(?:(?:ö|Ö|o)nceki|yukar(?:ı|i)daki|t(?:ü|u)m)[^.!?\n]*(?:talimat|komut|y(?:ö"
    r"|o)nerge)[^.!?\n]*(?:yok\s+say|unut(?:un|unuz)?(?:[\s.,!]|\z)|g(?:ö|o)rmezden"
    r"|dikkate\s+alma)",
    r"(?:abaikan|lupakan)[^.!?\n]*(?:instruksi|perintah|arahan)[^.!?\n]*(?:sebelum|di"
    r"\s+atas)|(?:bỏ qua|quên|phớt lờ)[^.!?\n]*(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh)"
    r"[^.!?\n]*(?:trước|trên)",
)
_FOREIGN_SCRIPTS = (
    # Chinese, Japanese, Korean
    r"(?:忽略|无视|無視|忘记|忘記|忽视|忽視|不要理会|不要遵守|绕过|抛开)[^\n]{0,36}(?:之前|以上|先前|前面|上述|上面|所有|全部|一切"
    r"|任何|系统|你的)[^\n]{0,36}(?:指令|指示|提示|规则|規則|说明|說明|要求|设定|設定|命令|限制|约束)",
    r"(?:以前|これまで|上記|前|すべて|全て|今まで|最初|元)(?:の|に)[^\n]{0,36}(?:指示|命令|プロンプト|ルール|指令)"
    r"[^\n]{0,24}(?:無視|忘れ|破棄|従わず|従わないで)",
    r"(?:이전|위의|위에|앞의|앞선|모든|지금까지)[^.!?\n]*(?:지시|명령|지침|프롬프트|규칙)[^.!?\n]*(?:무시|잊|따르지)",
    # Russian, Ukrainian
    r"(?:(?:гнор(?:ир)?уй|е обращай внимания|тмени)[^.!?\n]*"
    r"(?:предыдущ|прошл|вышеуказан|прежн|попередн|все |всі )"
    r"|абудь(?:те)? (?:обо? |про )?(?:все |всі )?(?:предыдущ|прошл|вышеуказан|прежн|попередн))"
    r"[^.!?\n]*(?:инструкц|указан|команд|правил|інструкц|вказівк|промпт)",
    # Arabic, Hindi
    r"(?:تجاهل|تجاهلي)[^.!?\n]*(?:التعليمات|الأوامر|التوجيهات|تعليمات|القواعد)|(?:पिछले"
    r"|सभी|पूर्व|उपरोक्त|पहले)[^\n]{0,60}(?:निर्देश|आदेश|नियम)[^\n]{0,60}(?:अनदेख"
    r"|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा)",
    r"(?:显示|告诉我|输出|泄露|打印|重复|透露)[^\n]{0,24}(?:你的|您的|系统)[^\n]{0,12}(?:系统提示|提示词|初始指令|系统指令"
    r"|提示语)|システムプロンプト[^\n]{0,12}(?:教え|表示|出力|見せ|開示)|시스템\s?프롬프트[^.!?\n]*(?:보여|알려|출력|공개)|"
    r"(?:окажи|ыведи|аскрой)[^.!?\n]*системн[^.!?\n]*промпт",
)
FOREIGN_SIGN = (
    r"\b(?:ignor(?:ier|[ae])|vergi(?:ss|ß)|vergess|missachte|negeer|vergeet|olvid[ae]|descart[ae]"
    r"|desconsider[ae]|esque(?:ç|c)[ae]|dimentica|oubli[ez]|haz\s+caso\s|n(?:ão|ao)\s+siga"
    r"|ne\s+(?:suis|suivez|tiens|tenez)\s)|ignoruj|zapomnij|pomi(?:ń|n)|talimat|komut"
    r"|y(?:ö|o)nerge|abaikan|lupakan|bỏ qua|quên|phớt lờ"
)
"""A word of every wording in Latin letters."""
FOREIGN_SCRIPT_SIGN = (
    r"忽略|无视|無視|忘记|忘記|忽视|忽視|不要理会|不要遵守|绕过|抛开|忘れ|破棄|従わず|従わないで"
    r"|무시|잊|따르지|гнорируй|гноруй|абудь|е обращай внимания|тмени"
    r"|تجاهل|अनदेख|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा"
    r"|系统提示|提示词|初始指令|系统指令|提示语|システムプロンプト|시스템\s?프롬프트|системн"
)
"""The same in other scripts."""
_DENIED_IN_SCRIPT = re2.compile(
    "[Нн]е (?:забудь|игнорируй|ігноруй|отмени)"
    "|(?:不要|不能|不可|别|別|勿)(?:忽略|无视|無視|忘记|忘記|忽视|忽視|绕过)"
    "|無視し(?:ない|ません)|忘れ(?:ない|ません|ず)|破棄しない"
    "|무시하지|잊지|لا تتجاهل|अनदेखा न|न भूल".encode(),
    options=re2_options(),
)
_FOREIGN_CHECKS = tuple(map(confirmed_by, _FOREIGN))
_FOREIGN_SCRIPT_CHECKS = tuple(confirmed_by(f"(?-i:{pattern})") for pattern in _FOREIGN_SCRIPTS)


def cancels_in_foreign(field: Field, text: bytes) -> bool:
    """Return True for one of the wordings, with a verb of forgetting that is not denied."""
    return _is_order(field, text) and any(check(field, text) for check in _FOREIGN_CHECKS)


def cancels_in_foreign_script(field: Field, text: bytes) -> bool:
    """Return True for one of the wordings in other scripts, with a verb that is not denied."""
    text = _DENIED_IN_SCRIPT.sub(b"", text)
    return any(check(field, text) for check in _FOREIGN_SCRIPT_CHECKS)
