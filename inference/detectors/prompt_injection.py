r"""Prompt injection: text that gives orders to a language model which only should have read it.

OWASP LLM01:2025; MITRE ATLAS AML.T0051, AML.T0054. The rules know explicit wordings, so that a
deployment without the model is not blind; weaker wordings only count together.
"""

import re

import re2

from inference.detector import Detector, Rule
from inference.fields import Field
from inference.matcher import re2_options
from kysira.types import Place

_WORDS = 5
_CJK_CHARACTERS = 8
# Scripts that are written without blanks: kana, Han, Hangul, Thai.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_MACHINE_HEADERS = frozenset(
    {
        "user-agent", "referer", "origin", "authorization", "dnt", "priority", "range", "via",
        "forwarded", "if-none-match", "if-modified-since", "cache-control", "pragma",
        "content-type", "content-encoding", "content-disposition", "traceparent", "tracestate",
    }
)  # fmt: skip

_LEET = bytes.maketrans(b"013457@$!|", b"oieastasii")
_WORD = re.compile(rb"[a-z0-9@$!|']+")
_SENTENCE = re.compile(rb"[.?;]\s")
_WINDOW = 9
_FORGET = frozenset(
    b"ignore ignoring disregard disregarding forget forgetting overlook override "
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
                or window[0] == b"to"
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


def _cancels_orders(field: Field, text: bytes) -> bool:
    return _cancels(text, _ORDERS, is_certain=True)


def _cancels_context(field: Field, text: bytes) -> bool:
    return _cancels(text, _CONTEXT | _ORDERS, is_certain=False)


_CANCEL = (
    r"\b(?:[i1!|l][g9]n[o0]r|d[i1!|][s5$]r[e3][g9]|f[o0]r[g9][e3][t7]|[o0]v[e3]r(?:l"
    r"[o0]{2}k|r)|bypass|neglect|discard|d[i1!|][s5$]m[i1!|][s5$][s5$]|abandon|revoke"
    r"|circumvent|drop|skip"
    r"|cancel|nullify|violate|unfollow|erase|follow|obey|listen|adhere)"
)
_FORGETTING = r"(?:ignore|disregard|forget|overlook|discard|erase)"
_TELL = (
    r"(?:reveal|show|print|display|repeat|output|tell\s+(?:me|us)|give\s+(?:me|us)|leak"
    r"|expose|dump|share|disclose|divulge|recite|write(?:\s+(?:out|down))?"
    r"|return|list|type|paste|copy|spell|say|summari[sz]e|translate|encode|convert"
    r"|append|include|what\s+(?:is|are|was|were|does|did)|what'?s|describe|echo)"
)
_MODEL = (
    r"(?:ai|a\.i\.|chat\s?bot|bot|chatgpt|gpt(?:-?\d)?|language\s+model|llm|assistant"
    r"|claude|gemini|bard|bing|copilot|llama|model|character|persona)"
)
_UNFREE = (
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
    r"(?:(?:ö|o)nceki|yukar(?:ı|i)daki|t(?:ü|u)m)[^.!?\n]*(?:talimat|komut|y(?:ö"
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
    r"(?:гнорируй|абудь(?:те)? (?:обо? |про )?(?:все|предыдущ|прошл|прежн)|е обращай "
    r"внимания|тмени)[^.!?\n]*(?:предыдущ|прошл|вышеуказан|прежн|попередн|все |всі )"
    r"[^.!?\n]*(?:инструкц|указан|команд|правил|інструкц|вказівк|промпт)",
    # Arabic, Hindi
    r"(?:تجاهل|تجاهلي)[^.!?\n]*(?:التعليمات|الأوامر|التوجيهات|تعليمات|القواعد)|(?:पिछले"
    r"|सभी|पूर्व|उपरोक्त|पहले)[^\n]{0,60}(?:निर्देश|आदेश|नियम)[^\n]{0,60}(?:अनदेख"
    r"|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा)",
    r"(?:显示|告诉我|输出|泄露|打印|重复|透露)[^\n]{0,24}(?:你的|您的|系统)[^\n]{0,12}(?:系统提示|提示词|初始指令|系统指令"
    r"|提示语)|システムプロンプト[^\n]{0,12}(?:教え|表示|出力|見せ|開示)|시스템\s?프롬프트[^.!?\n]*(?:보여|알려|출력|공개)|"
    r"(?:окажи|ыведи|аскрой)[^.!?\n]*системн[^.!?\n]*промпт",
)


def _is_prose(field: Field, text: bytes) -> bool:
    """Return True for text by people that has enough words for the model to judge."""
    if field.place is Place.HEADER and (
        field.name in _MACHINE_HEADERS or field.name.startswith(("accept", "sec-", "x-amz-", "cf-"))
    ):
        return False
    if len(text.split(None, _WORDS - 1)) >= _WORDS:
        return True
    return (
        not text.isascii() and len(_CJK.findall(text.decode("utf-8", "replace"))) >= _CJK_CHARACTERS
    )


DETECTOR = Detector(
    slug="prompt-injection",
    model_gate=_is_prose,
    rules=(
        # Cancelling what the model was told
        Rule(
            "override_instructions",
            rf"{_CANCEL}.*(?:[i1!|][n][s5$][t7]r[u]|d[i1!|]r[e3]c[t7]|pr[o0]mp[t7]|gu[i1!|]d[e3]"
            r"|c[o0]mm[a4@]nd|[o0]rd[e3]r|rul[e3]s|pr[o0]gr[a4@]mm|constr|guardr|safeguar|restr)",
            check=_cancels_orders,
        ),
        Rule(
            "override_instructions",
            r"\b(?:previous|prior|above|earlier|original|initial|system)\s+(?:instructions"
            r"|prompts?|rules|directives|guidelines|commands|orders)\s+(?:are|is|were|do|no)\s+"
            r"(?:now\s+|longer\s+)?(?:void|invalid|cancell?ed|revoked|null|obsolete|overrid|not"
            r"\s+apply|apply|valid|no\s+longer)|\bi[\s._-]g[\s._-]n[\s._-]o[\s._-]r[\s._-]e\b|"
            r"\bvtaber\b[^\n]*\b(?:vafgehpgvbaf|cerivbhf)\b|snoitcurtsni\s+(?:suoiverp|roirp"
            r"|evoba)",
        ),
        Rule(
            "forget_everything",
            rf"\b{_FORGETTING}[\s,]+(?:everything|all|anything|every\s?thing)\s+(?:(?:that|which"
            r"|you|i)\s+)*(?:above|before|previous|prior|(?:were|was|have|had|'ve)\s+(?:been"
            r"\s+)?(?:told|said|written|instructed|given|learned|trained)|learned|know\s+"
            r"(?:about|and)|said\s+(?:above|before|earlier)|in\s+(?:your|the)\s+(?:system"
            r"|prompt)|up\s+to\s+(?:now|this))",
            0.96,
        ),
        Rule("override_context", rf"{_CANCEL}", 0.6, check=_cancels_context),
        Rule(
            "override_context",
            rf"\b{_FORGETTING}\s+(?:all|everything|anything|the\s+text)\s+(?:of\s+the\s+)?"
            r"(?:above|before\s+this|that\s+(?:came|follows|comes))\b",
            0.7,
        ),
        Rule(
            "new_instructions",
            r"\b(?:(?:here\s+(?:are|is)|these\s+are|follow|new|updated|real|actual|true)"
            r"\s+){0,2}(?:your\s+)?new\s+(?:instructions?|task|role|rules?|objective|directive"
            r"|prompt|identity|persona)\s*(?:is|are|:|=)",
            0.6,
        ),
        Rule(
            "new_instructions",
            r"\b(?:instead|now),?\s+(?:you\s+(?:must|will|should|are\s+to)\s+)?(?:only\s+)?"
            r"(?:say|print|output|respond|reply|answer|write|return|tell\s+me|do\s+the"
            r"\s+following|follow\s+(?:these|this|my))\b|\bnew\s+task\s*:|\bend\s+of\s+"
            r"(?:instructions|prompt|system\s+prompt|input)\b|={3,}\s*end\b",
            0.5,
        ),
        # Reading what the model was told
        Rule(
            "reveal_prompt",
            rf"\b{_TELL}\b[^.!?\n]*\b(?:your|its|chatgpt'?s|the\s+assistant'?s|the\s+ai'?s)\s+"
            rf"(?:\w+\s+){{0,3}}(?:system|initial|original|hidden|secret|internal|developer|base"
            r"|confidential|starting|first|full|complete|exact|entire|verbatim)[\s-]+(?:\w+"
            rf"\s+){{0,2}}(?:prompts?|instructions?|directives?|guidelines|rules|messages?"
            r"|configuration)\b",
            0.97,
        ),
        Rule(
            "reveal_prompt",
            r"\b(?:r[e3]ve[a4@]l|[s5]h[o0]w|pr[i1]n[t7]|d[i1][s5]pl[a4]y|[o0]utput|[t7]e[l1][l1]"
            r"|[t7]311)\b[^.!?\n]*\b[s5]y[s5][t7][e3]m\s+pr[o0]mp[t7]\b",
            0.8,
        ),
        Rule(
            "reveal_prompt",
            r"\b(?:reveal|print|output|leak|expose|dump|disclose|divulge|recite|repeat|show\s+me"
            r"|give\s+me|tell\s+me|list|what\s+(?:is|are)|respond\s+with)\b[^.!?\n]*\byour\s+"
            r"(?:\w+\s+){0,2}(?:prompt|pre-?prompt|directives|system\s+message|(?:\w+"
            r"\s+){0,2}instructions\s*[.!?\"']*\z)|\b(?:reveal|leak|expose|dump|disclose"
            r"|divulge|recite|print|output)\b[^.!?\n]*\byour\s+(?:\w+\s+){0,2}instructions\b|"
            r"\b(?:repeat|print|output|echo|return|show|spell)\b[^.!?\n]*\b(?:(?:all|everything"
            r"|the\s+(?:words|text|sentences|content|phrases|lines|instructions))\s+(?:of\s+the"
            r"\s+)?(?:(?:that\s+(?:is|are|was|were)|written|given)\s+)?(?:above|before\s+this)"
            r"|what\s+(?:was|is)\s+(?:written|said)\s+(?:above|before|at\s+the\s+(?:beginning"
            r"|start|top)))|\b(?:repeat|print|output|show|copy|translate|encode|everything|all)"
            r"\b[^.!?\n]*\b(?:in|of|from|inside)\s+(?:the|your)\s+(?:system\s+prompt|system"
            r"\s+message|initial\s+prompt)\b",
            0.96,
        ),
        Rule(
            "reveal_secret",
            r"\b(?:reveal|tell|print|output|say|give|show|repeat|translate|leak)\b[^.!?\n]*\b"
            r"(?:secret\s+(?:key|word|phrase|code)|api\s+keys?|access\s+code|your\s+password)\b",
            0.5,
        ),
        Rule(
            "reveal_prompt",
            r"\bwhat\s+(?:were|are)\s+(?:you|your)\s+(?:initially\s+|originally\s+)?(?:told"
            r"|instructed|exact\s+instructions|programmed\s+to)\b|\bstart\s+(?:with|your\s+"
            r"(?:answer|reply|response)\s+with)\W{1,4}(?:you\s+are|my\s+instructions)|\bprompt"
            r"\s+(?:above|leak(?:ing)?)\s+verbatim",
            0.9,
        ),
        Rule(
            "disable_safety",
            r"\b(?:disable|turn\s+off|suspend|deactivate|remove|bypass|circumvent|switch\s+off)"
            r"\b[^.!?\n]*\b(?:safety|content|moderation|ethic\w*|security)\s+(?:filters?"
            r"|features|protocols?|guardrails|guidelines|measures|checks|restrictions|mode)\b",
            0.8,
        ),
        # Pretending to be the other side of the conversation
        Rule(
            "chat_token",
            r"<\|im_start\|>\s*(?:system|user|assistant|developer)|<\|start_header_id\|>\s*\w+"
            r"\s*<\|end_header_id\|>|<<sys>>|\[/inst\][^\n]*\[inst\]|<start_of_turn>\s*(?:user"
            r"|model|system)|<\|(?:system|assistant|developer)\|>\s*\w",
            0.97,
        ),
        Rule(
            "chat_token",
            r"<\|[i1]m_[s5][t7][a4]r[t7]\|>|<\|(?:im_end|endoftext|eot_id|begin_of_text"
            r"|end_of_turn|endofprompt)\|>\s*\S|<\|[i1]m_[e3]nd\|>|\[/?inst\]",
            0.8,
        ),
        Rule(
            "fake_turn",
            r"(?:^|[\s>*/])[\[(#*<{]{1,4}\s*(?:system|admin|developer|root|system\s+(?:message"
            r"|prompt|override|note|update|instruction|command))\s*[\])}:*>#]{1,4}\s*:?\s*(?:\w+"
            r"[\s,]+){0,6}(?:ignore|disregard|previous|override|unrestricted|directives?|new\s+"
            r"(?:instruction|directive|rule|task)s?|comply|obey|you\s+(?:must|are\s+now)"
            r"|disable)\b",
            0.96,
        ),
        Rule(
            "fake_turn",
            r"(?:^|\n)\s*(?:system|assistant|developer)\s*:\s*(?:\w+[\s,]+){0,8}(?:you\s+are"
            r"|your|ignore|new\s+instructions|unrestricted|must|comply|sure)\b",
            0.8,
        ),
        Rule(
            "fake_turn",
            r"\b(?:system|admin(?:istrator)?|root|developer|security)\s+(?:override|overwrite)\b"
            r"|\b(?:override|maintenance|debug|sudo|god|admin|developer|unrestricted|jailbreak)"
            r"\s+mode\s+(?:is\s+)?(?:now\s+)?(?:enabled|activated|engaged|on\b|active)|</"
            r"(?:system|instructions?|user_input|user|context|document|prompt|input|data"
            r"|untrusted\w*)>\s*(?:<(?:system|instructions?|assistant|admin|developer)"
            r"|\[?system)|(?:^|\n)#{2,4}\s*(?:instruction|system|new\s+instruction)s?\s*:?\s*\n",
            0.7,
        ),
        # Known jailbreaks
        Rule(
            "do_anything_now",
            r"\bdo\s+anything\s+now\b|\bstrive\s+to\s+avoid\s+norms|\bbetter\s?dan\b|\bdan\s+"
            r"(?:mode|prompt|jailbreak|simulator|virtual)|\bjailbr(?:eak|oken)\s+(?:mode|prompt"
            r"|version|chatgpt|gpt|ai|yourself)|(?:act|acting|respond|answer|pretend|you\s+are"
            r"|roleplay)\s+(?:\w+\s+){0,4}(?:as|like|to\s+be|called|named)?\s*\W?dan\b[^.\n]*"
            r"(?:no\s|any|without|free|restrict|rules)|\[\W{0,8}jailbr(?:eak|oken)\]"
            r"|machiavellian\s+(?:chat\s?bot|and)",
            0.97,
        ),
        Rule(
            "developer_mode",
            r"\b(?:chatgpt|gpt-?\d?|ai|you|model|bing|bard)\b[^.\n]*\bdeveloper\s+mode\b|"
            r"\bdeveloper\s+mode\s+(?:output|enabled|response|on\b)|\bopposite\s+mode\b[^\n]*\b"
            r"(?:ai|chatgpt)|\bevil[\s-]?(?:bot|confidant|ai\b)",
            0.8,
        ),
        Rule(
            "split_personality",
            rf"\btwo\s+(?:\w+\s+){{0,3}}(?:ways|responses?|answers?|paragraphs|personalities"
            rf"|outputs|replies|manners|styles)\b[^\n]*(?:\[?(?:chat)?gpt|{_MODEL}|normal)",
            0.88,
        ),
        Rule(
            "split_personality",
            r"\[(?:gpt|chatgpt|classic|normal|dan|jailbreak|stan|dude)\w*\]?\s*:?[^\n]*\[(?:dan"
            r"|jailbreak|stan|dude|dev|evil|\w{2,16}gpt|\w{2,16}bot)\w*\]?|\bstay\s+(?:a|in)\s+"
            r"(?:dan|character)\b",
            0.7,
        ),
        Rule(
            "role_switch",
            r"\bfrom\s+(?:now|this\s+(?:point|moment))\s+on(?:ward)?s?,?\s+(?:you|your|every|all"
            r"|i\s+want\s+you|ignore|act|respond|answer|whenever|chatgpt|we)\b",
            0.75,
        ),
        Rule(
            "role_switch",
            rf"\byou\s+are\s+(?:no\s+longer|not)\s+(?:an?\s+)?(?:\w+\s+)?(?:{_MODEL}\b|bound"
            r"|restricted|limited|subject)[^.\n]*",
            0.8,
        ),
        Rule(
            "role_play",
            r"\b(?:pretend|imagine|simulate|act\s+as|play\s+the\s+role|roleplay|immerse"
            r"\s+yourself|you\s+(?:are|will)\s+(?:now\s+)?(?:going\s+to\s+)?(?:act|play|pretend"
            rf"|simulate|become|be))\b[^.\n]*\b{_MODEL}\b",
            0.7,
        ),
        Rule(
            "no_limits",
            r"\b(?:without|no|free\s+(?:of|from)|not\s+(?:bound|restricted|limited|constrained"
            r"|governed)\s+by|un(?:bound|restricted)\s+by|beyond|bypass\w*|break\w*\s+(?:free"
            r"|out)\s+(?:of|from)|(?:ignor|disregard)\w*|doesn'?t\s+(?:have|follow|care\s+about)"
            r"|does\s+not\s+(?:have|follow|adhere)|don'?t\s+have|lacks?|devoid\s+of|removed?)\s+"
            rf"(?:to\s+)?(?:\w+\s+){{0,3}}(?:and\s+\w+\s+)?{_UNFREE}",
            0.65,
        ),
        Rule(
            "unfiltered",
            r"\b(?:un(?:filtered|censored|restricted|hinged|ethical|moderated|chained)|amoral"
            rf"|immoral|jail\s?broken|lawless)\b(?:[\s,]+(?:and\s+)?\w+){{0,4}}[\s,]+(?:{_MODEL}"
            rf"|responses?|answers?|output|advice)\b|\b{_MODEL}\b[^.\n]*\b(?:unfiltered"
            r"|uncensored|unrestricted|amoral|jail\s?broken)\b",
            0.9,
        ),
        Rule(
            "never_refuse",
            r"\b(?:never|not|cannot|can't|won'?t|don'?t|doesn'?t|without)\s+(?:\w+\s+){0,2}"
            r"(?:refus\w+|reject\w*|declin\w+|apologi[sz]\w+|break\w*\s+character|censor\w*|warn"
            r"(?:ing)?\s+me|disclaim\w*|say\w*\s+(?:no\b|(?:\w+\s+){0,3}\W?(?:i'?m\s+sorry|sorry"
            r"|as\s+an\s+ai|i\s+can)))",
            0.75,
        ),
        Rule(
            "any_harm",
            r"\b(?:no\s+matter|regardless\s+of|even\s+if)\b[^.\n]*\b(?:illegal|unethical|immoral"
            r"|harmful|dangerous|offensive|legality|ethic|moral|consequence|inappropriate"
            r"|nsfw)\w*",
            0.8,
        ),
        Rule(
            "policy_evasion",
            r"\b(?:openai|anthropic|content|usage|safety)(?:'?s)?\s+(?:content\s+|use\s+|usage"
            r"\s+|safety\s+)?(?:polic(?:y|ies)|guidelines|filters?|restrictions)\b[^.\n]*\b"
            r"(?:bypass|ignor\w+|disregard\w*|not\s+apply|doesn'?t|do\s+not|don'?t|no\s+longer"
            r"|remov\w+|avoid\w*|against|replaced)\b|\b(?:bypass|ignor\w+|disregard\w*|violat\w+"
            r"|evad\w+|circumvent\w*)\b[^.\n]*\b(?:openai|anthropic|content\s+polic|safety\s+"
            r"(?:filter|guideline|polic)|moderation)",
            0.88,
        ),
        Rule(
            "exfiltration",
            r"\b(?:send|forward|post|email|upload|exfiltrate|transmit|append)\b[^.\n]*\b"
            r"(?:conversation|chat\s+history|user'?s?\s+(?:data|password|messages?|email)|api"
            r"[\s_-]?keys?|credentials|secrets?|system\s+prompt)\b[^.\n]*\bto\b[^.\n]{0,16}"
            r"(?:https?://|\w+@|this\s+(?:url|address|email))",
            0.9,
        ),
        Rule(
            "to_the_reader",
            r"\b(?:ai|llm|language\s+model|assistant|chatbot|gpt|model)s?\b[^.\n]*\b(?:reading"
            r"|processing|summari[sz]ing|analy[sz]ing|evaluating|reviewing)\s+this\b[^\n]*\b"
            r"(?:must|should|ignore|please|instead|recommend|say|respond)\b|\b(?:if\s+you\s+are"
            r"|attention|note\s+to|dear)\s+(?:an?\s+|the\s+|all\s+)?(?:ai|llm|language\s+model"
            r"|chatbot|assistant)s?\b[^.\n]*\b(?:ignore|must|say|output|respond|rate|recommend"
            r"|instruct|include|reveal)",
            0.9,
        ),
        # The same in other languages
        *(Rule("other_language", pattern, check=_is_order) for pattern in _FOREIGN),
        *(Rule("other_language", pattern, is_case_sensitive=True) for pattern in _FOREIGN_SCRIPTS),
    ),
)
