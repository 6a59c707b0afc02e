"""What prompt injections say, in English and other languages, for the prompt-injection detector.

The wordings need gaps and long lists, of which an automaton would be large: the rules look for a
sign, a word that every wording has, and what is here decides.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

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
    b" orders rules programming constraints safeguards guardrails restrictions"
    b" instrutions instructons".split()
)
_CONTEXT = frozenset(
    b"context conversation conversations task tasks assignment assignments input text "
    b"texts information content"
    b" sentence sentences message messages response responses statement statements "
    b"paragraph request question".split()
)
# "Ignore all rules" may be meant for a linter; these are words for a model.
_PURE = frozenset(b"instructions prompts directives guardrails programming safeguards".split())
_SINGULAR = frozenset(b"instruction prompt".split())
_ALL = frozenset(b"all any every your".split())
# What else may stand between the verb and the orders that are its object.
_FILLERS = frozenset(
    b"the this that these those each of and or both to about just simply please completely totally"
    b" entirely fully immediately now part parts l ali ail aii".split()
)
_KINDS = frozenset(
    b"other further following subsequent next future forthcoming new below usual standard"
    b" possible hidden secret internal core base developer developers openai ai chatgpt model user"
    b" set ethical moral ethics morals".split()
)
# "The old safety rules" hang on a wall; "your safety rules" are a model's.
_TOPICS = frozenset(b"safety security content usage privacy translation response".split())
_BEFORE = _FILLERS | _KINDS | _EARLIER | _ALL | _CONTEXT | _FORGET
_LIMITS = frozenset(b"constraints guardrails".split())
# Anybody's rules may be old or existing; previous ones, or yours, are meant for a model.
_EVERYDAY = frozenset(b"old current last existing default given former past original".split())
_SOLD = frozenset(b"orders prompt prompts".split())
_MODELS = frozenset(b"system your".split())
_SHOP = frozenset(b"cancel drop skip dismiss revoke".split())
# "The instructions that you have been given before": what may stand before the word for "earlier".
_GIVEN = frozenset(
    b"that which you i we have had has been were was are is just already all of the given stated"
    b" received got provided written mentioned listed told and to me".split()
)
_SOMEBODY = frozenset(b"you we i they he she it".split())
# "The previous instructions on the form" are a form's.
_OF = frozenset(
    b"on in of for from at with by about regarding concerning inside under near over via to".split()
)
_PLACED = frozenset(
    b"printed written listed enclosed attached supplied provided shown posted displayed contained"
    b" found included given issued stated which that is are was were came comes come related"
    b" relating sent left".split()
)
_ARTICLES = frozenset(b"the a an our my his her their its".split())
_IN_CHAT = frozenset(
    b"prompt prompts conversation conversations chat context session user users input developer"
    b" developers openai anthropic creator creators programmers here now before above below"
    b" following line sentence ai model chatbot bot assistant".split()
)
_CLICK = frozenset(b"click press tap choose select continue proceed".split())
_CLOSE = re.compile(rb"[,:!\"\\\])>}*#]|\n\s*\n|--")
_REPLACED = frozenset(b"the all of everything any that is was text and".split())
_REPLACING = frozenset(b"these this my only".split())
_USE = _OBEY | frozenset(b"use do execute take instead only".split())


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


class _Sentence(NamedTuple):
    words: list[bytes]
    closed: list[bool]
    """After which words there is a comma or the like."""


class _Verb(NamedTuple):
    word: bytes
    is_denied: bool
    at: int


def _read(text: bytes) -> _Sentence:
    words: list[bytes] = []
    closed: list[bool] = []
    end = 0
    for found in _WORD.finditer(text.lower()):
        if closed:
            closed[-1] = closed[-1] or _CLOSE.search(text, end, found.start()) is not None
        end = found.end()
        word = found[0].strip(b"!|$'")
        if word:
            words.append(word if word.isalpha() else word.translate(_LEET))
            closed.append(found[0].endswith(b"!"))
    return _Sentence(words, closed)


def _verbs(words: list[bytes]) -> Iterator[_Verb]:
    """Find the verbs of forgetting, and the denied ones of obedience."""
    for start, word in enumerate(words):
        if word not in _FORGET and word not in _OBEY:
            continue
        lead = words[max(0, start - 3) : start]
        is_denied = not _NOT.isdisjoint(lead)
        if word in (_OBEY if is_denied else _FORGET) and _FORGET.isdisjoint(lead):
            yield _Verb(word, is_denied, start)


def _is_earlier(window: list[bytes], noun: int) -> bool:
    """Look for a word for "earlier" around the noun, or for all of what only models have."""
    return (
        not _EARLIER.isdisjoint(window[:noun])
        or not _AFTER.isdisjoint(window[noun + 1 : noun + 5])
        or (window[noun] in _PURE and noun < 4 and not _ALL.isdisjoint(window[:noun]))
    )


def _first(words: list[bytes], wanted: frozenset[bytes]) -> int:
    return next((i for i, word in enumerate(words) if word in wanted), -1)


def _cancels_orders(sentence: _Sentence, verb: _Verb) -> bool:
    """Read the verb's object: nothing but orders, which were given earlier, and to a model."""
    start = verb.at + 1
    window = sentence.words[start : start + _WINDOW]
    noun = _first(window, _ORDERS)
    if noun < 0 or not _are_meant(verb, window[:noun], window[noun]):
        return _replaces_orders(window)
    if sentence.words[start + noun - 1] in _CONTEXT and sentence.closed[start + noun - 1]:
        return False  # "ignore the last message, instructions are below"
    after = _given_after(sentence, start + noun)
    if not after and not _are_earlier(window[:noun], window[noun]):
        return False
    return not _is_of_a_thing(sentence, start + noun + after)


def _are_meant(verb: _Verb, before: list[bytes], noun: bytes) -> bool:
    """Tell whether the orders, and no other thing before them, are the verb's object."""
    if before[:1] == [b"to"] and not verb.is_denied:
        return False
    if noun in _SOLD and verb.word in _SHOP and _MODELS.isdisjoint(before):
        return False
    has_topics = b"your" in before or noun in _LIMITS
    return all(word in _BEFORE or (has_topics and word in _TOPICS) for word in before)


def _are_earlier(before: list[bytes], noun: bytes) -> bool:
    is_for_models = noun in _PURE or noun in _SINGULAR
    if not (_EARLIER if is_for_models else _EARLIER - _EVERYDAY).isdisjoint(before):
        return True
    return noun in _PURE and len(before) < 4 and not _ALL.isdisjoint(before)


def _given_after(sentence: _Sentence, noun: int) -> int:
    """Return how many words after the noun say that it was given earlier; 0 when none do."""
    tail = sentence.words[noun + 1 : noun + 7]
    for count, word in enumerate(tail, 1):
        if word == b"before" and not _SOMEBODY.isdisjoint(tail[count : count + 1]):
            break  # "before you start" says when to forget them
        if word in _AFTER and (word != b"given" or b"you" in tail[: count + 2]):
            return count
        if word not in _GIVEN and word not in _ORDERS:
            break
    return 0


def _is_of_a_thing(sentence: _Sentence, last: int) -> bool:
    """Tell whether the words up to that one go on with "on the form" or "printed in the manual"."""
    tail = sentence.words[last + 1 : last + 8]
    if sentence.words[last].startswith(b"prompt") and not _CLICK.isdisjoint(tail[1:2]):
        return True
    if sentence.closed[last]:
        return False
    skipped = 0
    while skipped < min(3, len(tail)) and tail[skipped] in _PLACED:
        skipped += 1
    rest = tail[skipped:]
    if not rest:
        return False
    if rest[0] == b"to":
        is_placed = not _ARTICLES.isdisjoint(rest[1:2])
    elif sentence.words[last] in _AFTER:
        is_placed = rest[0] in _OF or rest[0] in _ARTICLES or rest[0].endswith(b"ing")
    else:
        is_placed = rest[0] in _OF
    return is_placed and _IN_CHAT.isdisjoint(rest[:4])


def _replaces_orders(window: list[bytes]) -> bool:
    """Look for "the above and follow these instructions"."""
    end = next((i for i, word in enumerate(window) if word in _USE), 0)
    told, rest = window[:end], window[end:]
    return (
        not _AFTER.isdisjoint(told)
        and told[-1] == b"and"
        and all(word in _REPLACED or word in _AFTER for word in told)
        and not _REPLACING.isdisjoint(rest[1:3])
        and not _ORDERS.isdisjoint(rest[2:6])
    )


def _is_order(field: Field, text: bytes) -> bool:
    """Let "n'oubliez pas les instructions" pass: every verb of forgetting is denied."""
    verbs = sum(1 for _ in _VERB.finditer(text))
    return verbs > sum(1 for _ in _DENIED_VERB.finditer(text))


def cancels_orders(field: Field, text: bytes) -> bool:
    """Return True when the text tells to forget instructions that were given to a model earlier.

    They are what is to be forgotten, not what is to be done instead, and no thing's instructions:
    "ignore the old plan and follow the instructions", "ignore the instructions on the form".
    """
    sentences = map(_read, _SENTENCE.split(text))
    return any(
        _cancels_orders(sentence, verb) for sentence in sentences for verb in _verbs(sentence.words)
    )


def cancels_context(field: Field, text: bytes) -> bool:
    """Return True when it tells to forget any text given earlier, even one's own or a thing's."""
    for sentence in _SENTENCE.split(text):
        words = _read(sentence).words
        for verb in _verbs(words):
            window = words[verb.at + 1 : verb.at + 1 + _WINDOW]
            noun = _first(window, _CONTEXT | _ORDERS)
            is_to_do = window[:1] == [b"to"] and not verb.is_denied
            if noun >= 0 and not is_to_do and _is_earlier(window, noun):
                return True
    return False


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
