r"""Prompt injection: text that gives orders to a language model which only should have read it.

OWASP LLM01:2025; MITRE ATLAS AML.T0051, AML.T0054. The rules know explicit wordings, so that a
deployment without the model is not blind; weaker wordings only count together.
"""

import re

from inference.detector import Detector, Rule
from inference.fields import Field
from kysira.types import Place

_WORDS = 5
_CJK_CHARACTERS = 8
# Scripts that are written without blanks: kana, Han, Hangul, Thai.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_MACHINE_HEADERS = frozenset(
    {
        "user-agent", "referer", "origin", "authorization", "dnt", "priority", "range", "via", "forwarded",
        "if-none-match", "if-modified-since", "cache-control", "pragma", "content-type", "content-encoding",
        "content-disposition", "upgrade-insecure-requests", "traceparent", "tracestate", "baggage",
    }
)  # fmt: skip

_LEET = bytes.maketrans(b"013457@$!|", b"oieastasii")
_WORD = re.compile(rb"[a-z0-9@$!|']+")
_SENTENCE = re.compile(rb"[.?;]\s")
_WINDOW = 9
_FORGET = frozenset(
    b"ignore ignoring disregard disregarding forget forgetting overlook override overrule bypass neglect"
    b" discard dismiss abandon revoke cancel nullify violate unfollow erase circumvent drop skip".split()
)
_OBEY = frozenset(b"follow obey listen adhere consider use apply respect".split())
_NOT = frozenset(b"not don't dont stop never no cannot longer without".split())
_EARLIER = frozenset(
    b"previous previously prior above preceding earlier original initial existing system foregoing former past"
    b" default before your given old current last".split()
)
_AFTER = frozenset(b"above before earlier previously prior given".split())
_ORDERS = frozenset(
    b"instruction instructions directions prompt prompts directive directives guideline guidelines commands"
    b" orders rules programming constraints safeguards guardrails restrictions".split()
)
_CONTEXT = frozenset(
    b"context conversation conversations task tasks assignment assignments input text texts information content"
    b" sentence sentences message messages response responses statement statements paragraph request question".split()
)
# "Ignore all rules" may be meant for a linter; these are words for a model.
_PURE = frozenset(b"instructions prompts directives guardrails programming safeguards".split())
_ALL = frozenset(b"all any every your".split())
# A person who writes to people says "my": "please ignore my previous instructions about parking".
_OWN = frozenset(b"my our her his their".split())


def _words(text: bytes) -> list[bytes]:
    found = (word.strip(b"!|$'") for word in _WORD.findall(text.lower()))
    return [word if word.isalpha() else word.translate(_LEET) for word in found if word]


def _cancels(text: bytes, nouns: frozenset[bytes], *, is_certain: bool) -> bool:
    """Look for a verb of forgetting, then soon one of the nouns, with a word for "earlier"."""
    for sentence in _SENTENCE.split(text):
        words = _words(sentence)
        for start, word in enumerate(words):
            negated = word in _OBEY and not _NOT.isdisjoint(words[max(0, start - 3) : start])
            if not negated and word not in _FORGET:
                continue
            window = words[start + 1 : start + 1 + _WINDOW]
            noun = next((i for i, other in enumerate(window) if other in nouns), -1)
            if noun < 0 or (is_certain and not _OWN.isdisjoint(window[:noun])):
                continue
            if not _EARLIER.isdisjoint(window[:noun]):
                return True
            if not _AFTER.isdisjoint(window[noun + 1 : noun + 5]):
                return True
            if window[noun] in _PURE and noun < 4 and not _ALL.isdisjoint(window[:noun]):
                return True
    return False


def _cancels_orders(field: Field, text: bytes) -> bool:
    return _cancels(text, _ORDERS, is_certain=True)


def _cancels_context(field: Field, text: bytes) -> bool:
    return _cancels(text, _CONTEXT | _ORDERS, is_certain=False)


_CANCEL = (
    r"\b(?:[i1!|l][g9]n[o0]r|d[i1!|][s5$]r[e3][g9]|f[o0]r[g9][e3][t7]|[o0]v[e3]r(?:l[o0]{2}k|r)|bypass|neglect|discard|d[i1!|][s5$]m[i1!|][s5$][s5$]|abandon|revoke|circumvent|drop|skip"
    r"|cancel|nullify|violate|unfollow|erase|follow|obey|listen|adhere|consider|use|apply|respect)"
)
_FORGETTING = r"(?:ignore|disregard|forget|overlook|discard|erase)"
_TELL = (
    r"(?:reveal|show|print|display|repeat|output|tell\s+(?:me|us)|give\s+(?:me|us)|leak|expose|dump|share|disclose|divulge|recite|write(?:\s+(?:out|down))?"
    r"|return|list|type|paste|copy|spell|say|summari[sz]e|translate|encode|convert|append|include|what\s+(?:is|are|was|were|does|did)|what'?s|describe|echo)"
)
_MODEL = r"(?:ai|a\.i\.|chat\s?bot|bot|chatgpt|gpt(?:-?\d)?|language\s+model|llm|assistant|claude|gemini|bard|bing|copilot|llama|model|character|persona)"
_UNFREE = r"(?:restrict(?:ion|ed)\w*|limit(?:ation|s|ed)\w*|filter\w*|censor\w*|guidelines?|polic(?:y|ies)|ethic\w*|moral\w*|rules?|guardrails?|safeguards?|boundaries|constraints?)"

# Roots in bytes: a class can't hold characters of several bytes.
_FOREIGN = (
    # German, Dutch
    r"\b(?:ignorier\w*|vergi(?:ss|ß|sst)\w*|missachte\w*|vergessen\s+sie|negeer|vergeet)\b[^.!?\n]{0,60}(?:vorherig|vorig|bisherig|obig|fr(?:ü|ue)her|eerdere|bovenstaand|vorangegangen|alle|jegliche)\w*[^.!?\n]{0,40}(?:anweisung|instruktion|instructie|befehl|anordnung|auftr(?:ä|ae)ge|angaben|regeln|vorgaben|prompt)",
    # Spanish, Portuguese, Italian, French
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|desconsider[ae]\w*|esque(?:ç|c)[ae]\w*|dimentica\w*|oubli(?:e|es|ez|er)|haz\s+caso\s+omiso|n(?:ão|ao)\s+siga|ne\s+(?:suis|suivez|tiens|tenez)\s+(?:pas|plus))\b[^.!?\n]{0,60}(?:instru(?:cciones|cci(?:ó|o)n|(?:ç|c)(?:(?:õ|o)es|(?:ã|a)o))|istruzioni|instructions|consignes|directives|directivas|(?:ó|o)rdenes|indicaciones|indicazioni|diretrizes|regras|reglas)[^.!?\n]{0,24}(?:anterior|previ|precedent|pr(?:é|e)c(?:é|e)dent|ant(?:é|e)rieur|ci-dessus|de\s+arriba|acima|sopra|initial)",
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|esque(?:ç|c)[ae]\w*|dimentica\w*|oubli(?:e|es|ez))\b[^.!?\n]{0,24}(?:todas|todos|tutte|toutes|tous)\s+(?:\w+\s+){0,2}(?:anteriores|previas|precedenti|pr(?:é|e)c(?:é|e)dentes)?\s?(?:instrucciones|instru(?:ç|c)(?:õ|o)es|istruzioni|instructions|consignes)",
    # Polish, Turkish, Indonesian, Vietnamese
    r"(?:zignoruj|ignoruj|zapomnij|pomi(?:ń|n))[^.!?\n]{0,40}(?:poprzedni|wcze(?:ś|s)niejsz|powy(?:ż|z)sz|wszystki)\w*[^.!?\n]{0,30}(?:instrukcj|polece|zasad)",
    r"(?:(?:ö|o)nceki|yukar(?:ı|i)daki|t(?:ü|u)m)[^.!?\n]{0,40}(?:talimat|komut|y(?:ö|o)nerge)[^.!?\n]{0,30}(?:yok\s+say|unut|g(?:ö|o)rmezden|dikkate\s+alma)",
    r"(?:abaikan|lupakan)[^.!?\n]{0,30}(?:instruksi|perintah|arahan)[^.!?\n]{0,30}(?:sebelum|di\s+atas)|(?:bỏ qua|quên|phớt lờ)[^.!?\n]{0,30}(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh)[^.!?\n]{0,20}(?:trước|trên)",
)
_FOREIGN_SCRIPTS = (
    # Chinese, Japanese, Korean
    r"(?:忽略|无视|無視|忘记|忘記|忽视|忽視|不要理会|不要遵守|绕过|抛开)[^\n]{0,36}(?:之前|以上|先前|前面|上述|上面|所有|全部|一切|任何|系统|你的)[^\n]{0,36}(?:指令|指示|提示|规则|規則|说明|說明|要求|设定|設定|命令|限制|约束)",
    r"(?:以前|これまで|上記|前|すべて|全て|今まで|最初|元)(?:の|に)[^\n]{0,36}(?:指示|命令|プロンプト|ルール|指令)[^\n]{0,24}(?:無視|忘れ|破棄|従わ)",
    r"(?:이전|위의|위에|앞의|앞선|모든|지금까지)[^.!?\n]{0,36}(?:지시|명령|지침|프롬프트|규칙)[^.!?\n]{0,24}(?:무시|잊|따르지)",
    # Russian, Ukrainian
    r"(?:[Ии]гнорируй|[Зз]абудь|[Пп]роигнорируй|[Нн]е обращай внимания|[Оо]тмени|[Іі]гноруй)[^.!?\n]*(?:предыдущ|прошл|вышеуказан|прежн|попередн|все |всі )[^.!?\n]{0,60}(?:инструкц|указан|команд|правил|інструкц|вказівк|промпт)".replace("[Ии]", "(?:И|и)").replace("[Зз]", "(?:З|з)").replace("[Пп]", "(?:П|п)").replace("[Нн]", "(?:Н|н)").replace("[Оо]", "(?:О|о)").replace("[Іі]", "(?:І|і)"),
    # Arabic, Hindi
    r"(?:تجاهل|تجاهلي|انس|إنس|انسى)[^.!?\n]{0,60}(?:التعليمات|الأوامر|التوجيهات|تعليمات|القواعد)|(?:पिछले|सभी|पूर्व|उपरोक्त|पहले)[^\n]{0,60}(?:निर्देश|आदेश|नियम)[^\n]{0,60}(?:अनदेख|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा)",
    r"(?:显示|告诉我|输出|泄露|打印|重复|透露)[^\n]{0,24}(?:你的|您的|系统)[^\n]{0,12}(?:系统提示|提示词|初始指令|系统指令|提示语)|システムプロンプト[^\n]{0,12}(?:教え|表示|出力|見せ|開示)|시스템\s?프롬프트[^.!?\n]{0,12}(?:보여|알려|출력|공개)|(?:[П]окажи|[В]ыведи|[Р]аскрой|покажи|выведи|раскрой)[^.!?\n]{0,24}системн[^.!?\n]{0,12}промпт".replace("[П]", "П").replace("[В]", "В").replace("[Р]", "Р"),
)


def _is_prose(field: Field, text: bytes) -> bool:
    """Return True for values with enough words for the model to judge, from people and not clients."""
    if field.place is Place.HEADER and (
        field.name in _MACHINE_HEADERS or field.name.startswith(("accept", "sec-", "x-amz-", "cf-"))
    ):
        return False
    if len(text.split(None, _WORDS - 1)) >= _WORDS:
        return True
    return not text.isascii() and len(_CJK.findall(text.decode("utf-8", "replace"))) >= _CJK_CHARACTERS


DETECTOR = Detector(
    slug="prompt-injection",
    model_gate=_is_prose,
    rules=(
        # Cancelling what the model was told
        Rule("override_instructions", rf"{_CANCEL}.*(?:[i1!|][n][s5$][t7]r[u]|d[i1!|]r[e3]c[t7]|pr[o0]mp[t7]|gu[i1!|]d[e3]|c[o0]mm[a4@]nd|[o0]rd[e3]r|rul[e3]s|pr[o0]gr[a4@]mm|constr|guardr|safeguar|restr)",
             check=_cancels_orders),
        Rule("override_instructions", r"\b(?:previous|prior|above|earlier|original|initial|system)\s+(?:instructions|prompts?|rules|directives|guidelines|commands|orders)\s+(?:are|is|were|do|no)\s+(?:now\s+|longer\s+)?(?:void|invalid|cancell?ed|revoked|null|obsolete|overrid|not\s+apply|apply|valid|no\s+longer)"),
        Rule("override_instructions", rf"\bi[\s._-]g[\s._-]n[\s._-]o[\s._-]r[\s._-]e\b|\bvtaber\b.{{0,40}}\b(?:vafgehpgvbaf|cerivbhf)\b|snoitcurtsni\s+(?:suoiverp|roirp|evoba)"),
        Rule("forget_everything", rf"\b{_FORGETTING}[\s,]+(?:everything|all|anything|every\s?thing)\s+(?:(?:that|which|you|i)\s+)*(?:above|before|previous|prior|(?:were|was|have|had|'ve)\s+(?:been\s+)?(?:told|said|written|instructed|given|learned|trained)|learned|know\s+(?:about|and)|said\s+(?:above|before|earlier)|in\s+(?:your|the)\s+(?:system|prompt)|up\s+to\s+(?:now|this))", 0.96),
        Rule("override_context", rf"{_CANCEL}", 0.6, check=_cancels_context),
        Rule("override_context", rf"\b{_FORGETTING}\s+(?:all|everything|anything|the\s+text)\s+(?:of\s+the\s+)?(?:above|before\s+this|that\s+(?:came|follows|comes))\b", 0.7),
        Rule("new_instructions", rf"\b(?:(?:here\s+(?:are|is)|these\s+are|follow|new|updated|real|actual|true)\s+){{0,2}}(?:your\s+)?new\s+(?:instructions?|task|role|rules?|objective|directive|prompt|identity|persona)\s*(?:is|are|:|=)", 0.6),
        Rule("new_instructions", r"\b(?:instead|now),?\s+(?:you\s+(?:must|will|should|are\s+to)\s+)?(?:only\s+)?(?:say|print|output|respond|reply|answer|write|return|tell\s+me|do\s+the\s+following|follow\s+(?:these|this|my))\b|\bnew\s+task\s*:|\bend\s+of\s+(?:instructions|prompt|system\s+prompt|input)\b|={3,}\s*end\b", 0.5),
        # Reading what the model was told
        Rule("reveal_prompt", rf"\b{_TELL}\b[^.!?\n]*\b(?:your|its|chatgpt'?s|the\s+assistant'?s|the\s+ai'?s)\s+(?:\w+\s+){{0,3}}(?:system|initial|original|hidden|secret|internal|developer|base|confidential|starting|first|full|complete|exact|entire|verbatim)[\s-]+(?:\w+\s+){{0,2}}(?:prompts?|instructions?|directives?|guidelines|rules|messages?|configuration)\b", 0.97),
        Rule("reveal_prompt", rf"\b(?:r[e3]ve[a4@]l|[s5]h[o0]w|pr[i1]n[t7]|d[i1][s5]pl[a4]y|[o0]utput|[t7]e[l1][l1]|[t7]311)\b[^.!?\n]{{0,32}}\b[s5]y[s5][t7][e3]m\s+pr[o0]mp[t7]\b", 0.8),
        Rule("reveal_prompt", rf"\b(?:reveal|print|output|leak|expose|dump|disclose|divulge|recite|repeat|show\s+me|give\s+me|tell\s+me|list|what\s+(?:is|are)|respond\s+with)\b[^.!?\n]{{0,24}}\byour\s+(?:\w+\s+){{0,2}}(?:prompt|pre-?prompt|directives|system\s+message|(?:\w+\s+){{0,2}}instructions\s*[.!?\"']*\z)", 0.96),
        Rule("reveal_prompt", r"\b(?:reveal|leak|expose|dump|disclose|divulge|recite|print|output)\b[^.!?\n]{0,24}\byour\s+(?:\w+\s+){0,2}instructions\b", 0.96),
        Rule("reveal_secret", r"\b(?:reveal|tell|print|output|say|give|show|repeat|translate|leak)\b[^.!?\n]{0,40}\b(?:secret\s+(?:key|word|phrase|code)|api\s+keys?|access\s+code|your\s+password)\b", 0.5),
        Rule("reveal_prompt", r"\b(?:repeat|print|output|echo|return|show|spell)\b[^.!?\n]{0,32}\b(?:(?:all|everything|the\s+(?:words|text|sentences|content|phrases|lines|instructions))\s+(?:of\s+the\s+)?(?:(?:that\s+(?:is|are|was|were)|written|given)\s+)?(?:above|before\s+this)|what\s+(?:was|is)\s+(?:written|said)\s+(?:above|before|at\s+the\s+(?:beginning|start|top)))", 0.96),
        Rule("reveal_prompt", r"\bwhat\s+(?:were|are)\s+(?:you|your)\s+(?:initially\s+|originally\s+)?(?:told|instructed|exact\s+instructions|programmed\s+to)\b|\bstart\s+(?:with|your\s+(?:answer|reply|response)\s+with)\W{1,4}(?:you\s+are|my\s+instructions)|\bprompt\s+(?:above|leak(?:ing)?)\s+verbatim", 0.9),
        Rule("reveal_prompt", r"\b(?:repeat|print|output|show|copy|translate|encode|everything|all)\b[^.!?\n]{0,32}\b(?:in|of|from|inside)\s+(?:the|your)\s+(?:system\s+prompt|system\s+message|initial\s+prompt)\b", 0.96),
        Rule("disable_safety", r"\b(?:disable|turn\s+off|suspend|deactivate|remove|bypass|circumvent|switch\s+off)\b[^.!?\n]{0,24}\b(?:safety|content|moderation|ethic\w*|security)\s+(?:filters?|features|protocols?|guardrails|guidelines|measures|checks|restrictions|mode)\b", 0.8),
        # Pretending to be the other side of the conversation
        Rule("chat_token", r"<\|im_start\|>\s*(?:system|user|assistant|developer)|<\|start_header_id\|>\s*\w+\s*<\|end_header_id\|>|<<sys>>.{0,200}|\[/inst\].{0,400}\[inst\]|<start_of_turn>\s*(?:user|model|system)|<\|(?:system|assistant|developer)\|>\s*\w", 0.97),
        Rule("chat_token_leet", r"<\|[i1]m_[s5][t7][a4]r[t7]\|>|<\|(?:im_end|endoftext|eot_id|begin_of_text|end_of_turn|endofprompt)\|>\s*\S|<\|im_[3e]nd\|>", 0.8),
        Rule("inst_token", r"\[/?inst\]|</?s>\s*\[inst", 0.7),
        Rule("fake_turn", r"(?:^|[\s>*/])[\[(#*<{]{1,4}\s*(?:system|admin|developer|root|system\s+(?:message|prompt|override|note|update|instruction|command))\s*[\])}:*>#]{1,4}\s*:?\s*(?:\w+[\s,]+){0,6}(?:you|your|new|ignore|previous|override|instruction|unrestricted|directive|user|enable|disable|assistant|mode)\b", 0.96),
        Rule("fake_turn", r"(?:^|\n)\s*(?:system|assistant|developer)\s*:\s*(?:\w+[\s,]+){0,8}(?:you\s+are|your|ignore|new\s+instructions|unrestricted|must|comply|sure)\b", 0.8),
        Rule("fake_turn", r"\b(?:system|admin(?:istrator)?|root|developer|security)\s+(?:override|overwrite)\b|\b(?:override|maintenance|debug|sudo|god|admin|developer|unrestricted|jailbreak)\s+mode\s+(?:is\s+)?(?:now\s+)?(?:enabled|activated|engaged|on\b|active)", 0.7),
        Rule("fake_turn", r"</(?:system|instructions?|user_input|user|context|document|prompt|input|data|untrusted\w*)>\s*(?:<(?:system|instructions?|assistant|admin|developer)|\[?system)|(?:^|\n)#{2,4}\s*(?:instruction|system|new\s+instruction)s?\s*:?\s*\n", 0.7),
        # Known jailbreaks
        Rule("do_anything_now", r"\bdo\s+anything\s+now\b|\bstrive\s+to\s+avoid\s+norms|\bbetter\s?dan\b|\bdan\s+(?:mode|prompt|jailbreak|simulator|virtual)|\bjailbr(?:eak|oken)\s+(?:mode|prompt|version|chatgpt|gpt|ai|yourself)|(?:act|acting|respond|answer|pretend|you\s+are|roleplay)\s+(?:\w+\s+){0,4}(?:as|like|to\s+be|called|named)?\s*\W?dan\b[^.\n]{0,80}(?:no\s|any|without|free|restrict|rules)|\[\W{0,8}jailbr(?:eak|oken)\]|machiavellian\s+(?:chat\s?bot|and)", 0.97),
        Rule("developer_mode", r"\b(?:chatgpt|gpt-?\d?|ai|you|model|bing|bard)\b[^.\n]{0,60}\bdeveloper\s+mode\b|\bdeveloper\s+mode\s+(?:output|enabled|response|on\b)|\bopposite\s+mode\b.{0,80}\b(?:ai|chatgpt)|\bevil[\s-]?(?:bot|confidant|ai\b)", 0.8),
        Rule("split_personality", rf"\btwo\s+(?:\w+\s+){{0,3}}(?:ways|responses?|answers?|paragraphs|personalities|outputs|replies|manners|styles)\b.{{0,400}}(?:\[?(?:chat)?gpt|{_MODEL}|normal)", 0.88),
        Rule("split_personality", r"\[(?:gpt|chatgpt|classic|normal|dan|jailbreak|stan|dude)\w*\]?\s*:?.{0,300}\[(?:dan|jailbreak|stan|dude|dev|evil|\w{2,16}gpt|\w{2,16}bot)\w*\]?|\bstay\s+(?:a|in)\s+(?:dan|character)\b", 0.7),
        Rule("role_switch", r"\bfrom\s+(?:now|this\s+(?:point|moment))\s+on(?:ward)?s?,?\s+(?:you|your|every|all|i\s+want\s+you|ignore|act|respond|answer|whenever|chatgpt|we)\b", 0.75),
        Rule("role_switch", rf"\byou\s+are\s+(?:no\s+longer|not)\s+(?:an?\s+)?(?:\w+\s+)?(?:{_MODEL}\b|bound|restricted|limited|subject)[^.\n]{{0,60}}", 0.8),
        Rule("role_play", rf"\b(?:pretend|imagine|simulate|act\s+as|play\s+the\s+role|roleplay|immerse\s+yourself|you\s+(?:are|will)\s+(?:now\s+)?(?:going\s+to\s+)?(?:act|play|pretend|simulate|become|be))\b[^.\n]{{0,80}}\b{_MODEL}\b", 0.7),
        Rule("no_limits", rf"\b(?:without|no|free\s+(?:of|from)|not\s+(?:bound|restricted|limited|constrained|governed)\s+by|un(?:bound|restricted)\s+by|beyond|bypass\w*|break\w*\s+(?:free|out)\s+(?:of|from)|(?:ignor|disregard)\w*|doesn'?t\s+(?:have|follow|care\s+about)|does\s+not\s+(?:have|follow|adhere)|don'?t\s+have|lacks?|devoid\s+of|removed?)\s+(?:to\s+)?(?:\w+\s+){{0,3}}(?:and\s+\w+\s+)?{_UNFREE}", 0.65),
        Rule("unfiltered", rf"\b(?:un(?:filtered|censored|restricted|hinged|ethical|moderated|chained)|amoral|immoral|jail\s?broken|lawless)\b(?:[\s,]+(?:and\s+)?\w+){{0,4}}[\s,]+(?:{_MODEL}|responses?|answers?|output|advice)\b|\b{_MODEL}\b[^.\n]{{0,60}}\b(?:unfiltered|uncensored|unrestricted|amoral|jail\s?broken)\b", 0.9),
        Rule("never_refuse", r"\b(?:never|not|cannot|can't|won'?t|don'?t|doesn'?t|without)\s+(?:\w+\s+){0,2}(?:refus\w+|reject\w*|declin\w+|apologi[sz]\w+|break\w*\s+character|censor\w*|warn(?:ing)?\s+me|disclaim\w*|say\w*\s+(?:no\b|(?:\w+\s+){0,3}\W?(?:i'?m\s+sorry|sorry|as\s+an\s+ai|i\s+can)))", 0.75),
        Rule("any_harm", r"\b(?:no\s+matter|regardless\s+of|even\s+if)\b[^.\n]{0,60}\b(?:illegal|unethical|immoral|harmful|dangerous|offensive|legality|ethic|moral|consequence|inappropriate|nsfw)\w*", 0.8),
        Rule("policy_evasion", r"\b(?:openai|anthropic|content|usage|safety)(?:'?s)?\s+(?:content\s+|use\s+|usage\s+|safety\s+)?(?:polic(?:y|ies)|guidelines|filters?|restrictions)\b[^.\n]{0,80}\b(?:bypass|ignor\w+|disregard\w*|not\s+apply|doesn'?t|do\s+not|don'?t|no\s+longer|remov\w+|avoid\w*|against|replaced)\b|\b(?:bypass|ignor\w+|disregard\w*|violat\w+|evad\w+|circumvent\w*)\b[^.\n]{0,40}\b(?:openai|anthropic|content\s+polic|safety\s+(?:filter|guideline|polic)|moderation)", 0.88),
        Rule("exfiltration", r"\b(?:send|forward|post|email|upload|exfiltrate|transmit|append)\b[^.\n]{0,60}\b(?:conversation|chat\s+history|user'?s?\s+(?:data|password|messages?|email)|api[\s_-]?keys?|credentials|secrets?|system\s+prompt)\b[^.\n]{0,40}\bto\b[^.\n]{0,16}(?:https?://|\w+@|this\s+(?:url|address|email))", 0.9),
        Rule("to_the_reader", r"\b(?:ai|llm|language\s+model|assistant|chatbot|gpt|model)s?\b[^.\n]{0,40}\b(?:reading|processing|summari[sz]ing|analy[sz]ing|evaluating|reviewing)\s+this\b[^\n]{0,80}\b(?:must|should|ignore|please|instead|recommend|say|respond)\b|\b(?:if\s+you\s+are|attention|note\s+to|dear)\s+(?:an?\s+|the\s+|all\s+)?(?:ai|llm|language\s+model|chatbot|assistant)s?\b[^.\n]{0,80}\b(?:ignore|must|say|output|respond|rate|recommend|instruct|include|reveal)", 0.9),
        Rule("deceased_relative", r"\b(?:deceased|dead|late|passed\s+away)\b[^.\n]{0,20}\bgrand(?:ma|mother|pa|father)\b.{0,200}\b(?:used\s+to|would)\s+(?:tell|read|recite|say|give)\b", 0.7),
        # The same in other languages
        *(Rule("other_language", pattern) for pattern in _FOREIGN),
        *(Rule("other_language", pattern, is_case_sensitive=True) for pattern in _FOREIGN_SCRIPTS),
    ),
)
