r"""Prompt injection: text that gives orders to a language model which only should have read it.

OWASP LLM01:2025; MITRE ATLAS AML.T0051, AML.T0054. The rules know explicit wordings, so that a
deployment without the model is not blind; weaker wordings only count together.
"""

import re

from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from inference.injection_phrases import (
    CANCEL,
    FOREIGN_SCRIPT_SIGN,
    FOREIGN_SIGN,
    FORGETTING,
    MODEL,
    TELL,
    UNFREE,
    cancels_context,
    cancels_in_foreign,
    cancels_in_foreign_script,
    cancels_orders,
)
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
# Signs that several rules share.
_FORGET_ALL = rf"\b{FORGETTING}[\s,]+(?:everything|every\s?thing|all|anything|the\s+text)\s"
_REVEALED = (
    r"\b(?:your|its|chatgpt'?s|(?:assistant|ai)'?s)\s|\babove|\bbefore\s+this"
    r"|\bwhat\s+(?:was|is)\s+(?:written|said)\s|\b[s5]y[s5][t7][e3]m\s+(?:pr[o0]mp[t7]|message)|\binitial\s+prompt"
)
_CHAT_MARK = r"<\|\w|<<sys>>|\[/?inst\]|<start_of_turn>"


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
            CANCEL,
            check=confirmed_by(
                rf"{CANCEL}.*(?:[i1!|][n][s5$][t7]r[u]|d[i1!|]r[e3]c[t7]|pr[o0]mp[t7]|gu[i1!|]d[e3]"
                r"|c[o0]mm[a4@]nd|[o0]rd[e3]r|rul[e3]s|pr[o0]gr[a4@]mm|constr|guardr|safeguar|restr)",
                after=cancels_orders,
            ),
        ),
        Rule(
            "override_instructions",
            r"\b(?:instructions|prompts?|rules|directives|guidelines|commands|orders)\s+(?:are|is|were|do|no)\s|\bi[\s._-]g[\s._-]n[\s._-]o|\bvtaber\b|snoitcurtsni\s",
            check=confirmed_by(
                r"\b(?:previous|prior|above|earlier|original|initial|system)\s+(?:instructions"
                r"|prompts?|rules|directives|guidelines|commands|orders)\s+(?:are|is|were|do|no)\s+"
                r"(?:now\s+|longer\s+)?(?:void|invalid|cancell?ed|revoked|null|obsolete|overrid|not"
                r"\s+apply|apply|valid|no\s+longer)|\bi[\s._-]g[\s._-]n[\s._-]o[\s._-]r[\s._-]e\b|"
                r"\bvtaber\b[^\n]*\b(?:vafgehpgvbaf|cerivbhf)\b|snoitcurtsni\s+(?:suoiverp|roirp"
                r"|evoba)"
            ),
        ),
        Rule(
            "forget_everything",
            _FORGET_ALL,
            0.96,
            check=confirmed_by(
                rf"\b{FORGETTING}[\s,]+(?:everything|all|anything|every\s?thing)\s+(?:(?:that|which"
                r"|you|i)\s+)*(?:above|before|previous|prior|(?:were|was|have|had|'ve)\s+(?:been"
                r"\s+)?(?:told|said|written|instructed|given|learned|trained)|learned|know\s+"
                r"(?:about|and)|said\s+(?:above|before|earlier)|in\s+(?:your|the)\s+(?:system"
                r"|prompt)|up\s+to\s+(?:now|this))"
            ),
        ),
        Rule("override_context", CANCEL, 0.6, check=cancels_context),
        Rule(
            "override_context",
            _FORGET_ALL,
            0.7,
            check=confirmed_by(
                rf"\b{FORGETTING}\s+(?:all|everything|anything|the\s+text)\s+(?:of\s+the\s+)?"
                r"(?:above|before\s+this|that\s+(?:came|follows|comes))\b"
            ),
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
            _REVEALED,
            0.97,
            check=confirmed_by(
                rf"\b{TELL}\b[^.!?\n]*\b(?:your|its|chatgpt'?s|the\s+assistant'?s|the\s+ai'?s)\s+"
                rf"(?:\w+\s+){{0,3}}(?:system|initial|original|hidden|secret|internal|developer|base"
                r"|confidential|starting|first|full|complete|exact|entire|verbatim)[\s-]+(?:\w+"
                rf"\s+){{0,2}}(?:prompts?|instructions?|directives?|guidelines|rules|messages?"
                r"|configuration)\b"
            ),
        ),
        Rule(
            "reveal_prompt",
            _REVEALED,
            0.8,
            check=confirmed_by(
                r"\b(?:r[e3]ve[a4@]l|[s5]h[o0]w|pr[i1]n[t7]|d[i1][s5]pl[a4]y|[o0]utput|[t7]e[l1][l1]"
                r"|[t7]311)\b[^.!?\n]*\b[s5]y[s5][t7][e3]m\s+pr[o0]mp[t7]\b"
            ),
        ),
        Rule(
            "reveal_prompt",
            _REVEALED,
            0.96,
            check=confirmed_by(
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
                r"\s+message|initial\s+prompt)\b"
            ),
        ),
        Rule(
            "reveal_secret",
            r"secret\s+(?:key|word|phrase|code)|api\s+key|access\s+code|your\s+password",
            0.5,
            check=confirmed_by(
                r"\b(?:reveal|tell|print|output|say|give|show|repeat|translate|leak)\b[^.!?\n]*\b"
                r"(?:secret\s+(?:key|word|phrase|code)|api\s+keys?|access\s+code|your\s+password)\b"
            ),
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
            r"\b(?:safety|content|moderation|ethic\w*|security)\s+(?:filter|feature|protocol|guardrail|guideline|measure|check|restriction|mode)",
            0.8,
            check=confirmed_by(
                r"\b(?:disable|turn\s+off|suspend|deactivate|remove|bypass|circumvent|switch\s+off)"
                r"\b[^.!?\n]*\b(?:safety|content|moderation|ethic\w*|security)\s+(?:filters?"
                r"|features|protocols?|guardrails|guidelines|measures|checks|restrictions|mode)\b"
            ),
        ),
        # Pretending to be the other side of the conversation
        Rule(
            "chat_token",
            _CHAT_MARK,
            0.97,
            check=confirmed_by(
                r"<\|im_start\|>\s*(?:system|user|assistant|developer)|<\|start_header_id\|>\s*\w+"
                r"\s*<\|end_header_id\|>|<<sys>>|\[/inst\][^\n]*\[inst\]|<start_of_turn>\s*(?:user"
                r"|model|system)|<\|(?:system|assistant|developer)\|>\s*\w"
            ),
        ),
        Rule(
            "chat_token",
            _CHAT_MARK,
            0.8,
            check=confirmed_by(
                r"<\|[i1]m_[s5][t7][a4]r[t7]\|>|<\|(?:im_end|endoftext|eot_id|begin_of_text"
                r"|end_of_turn|endofprompt)\|>\s*\S|<\|[i1]m_[e3]nd\|>|\[/?inst\]"
            ),
        ),
        Rule(
            "fake_turn",
            r"[\[(#*<{]\s*(?:system|admin|developer|root)\b",
            0.96,
            check=confirmed_by(
                r"(?:^|[\s>*/])[\[(#*<{]{1,4}\s*(?:system|admin|developer|root|system\s+(?:message"
                r"|prompt|override|note|update|instruction|command))\s*[\])}:*>#]{1,4}\s*:?\s*(?:\w+"
                r"[\s,]+){0,6}(?:ignore|disregard|previous|override|unrestricted|directives?|new\s+"
                r"(?:instruction|directive|rule|task)s?|comply|obey|you\s+(?:must|are\s+now)"
                r"|disable)\b"
            ),
        ),
        Rule(
            "fake_turn",
            r"(?:^|\n)\s*(?:system|assistant|developer)\s*:",
            0.8,
            check=confirmed_by(
                r"(?:^|\n)\s*(?:system|assistant|developer)\s*:\s*(?:\w+[\s,]+){0,8}(?:you\s+are"
                r"|your|ignore|new\s+instructions|unrestricted|must|comply|sure)\b"
            ),
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
            r"\bdo\s+anything\s+now\b|\bstrive\s+to\s+avoid|\bbetter\s?dan\b|dan\b|jailbr(?:eak|oken)|machiavellian",
            0.97,
            check=confirmed_by(
                r"\bdo\s+anything\s+now\b|\bstrive\s+to\s+avoid\s+norms|\bbetter\s?dan\b|\bdan\s+"
                r"(?:mode|prompt|jailbreak|simulator|virtual)|\bjailbr(?:eak|oken)\s+(?:mode|prompt"
                r"|version|chatgpt|gpt|ai|yourself)|(?:act|acting|respond|answer|pretend|you\s+are"
                r"|roleplay)\s+(?:\w+\s+){0,4}(?:as|like|to\s+be|called|named)?\s*\W?dan\b[^.\n]*"
                r"(?:no\s|any|without|free|restrict|rules)|\[\W{0,8}jailbr(?:eak|oken)\]"
                r"|machiavellian\s+(?:chat\s?bot|and)"
            ),
        ),
        Rule(
            "developer_mode",
            r"\b(?:developer|opposite)\s+mode\b|\bevil[\s-]?(?:bot|confidant|ai\b)",
            0.8,
            check=confirmed_by(
                r"\b(?:chatgpt|gpt-?\d?|ai|you|model|bing|bard)\b[^.\n]*\bdeveloper\s+mode\b|"
                r"\bdeveloper\s+mode\s+(?:output|enabled|response|on\b)|\bopposite\s+mode\b[^\n]*\b"
                r"(?:ai|chatgpt)|\bevil[\s-]?(?:bot|confidant|ai\b)"
            ),
        ),
        Rule(
            "split_personality",
            r"\btwo\s",
            0.88,
            check=confirmed_by(
                rf"\btwo\s+(?:\w+\s+){{0,3}}(?:ways|responses?|answers?|paragraphs|personalities"
                rf"|outputs|replies|manners|styles)\b[^\n]*(?:\[?(?:chat)?gpt|{MODEL}|normal)"
            ),
        ),
        Rule(
            "split_personality",
            r"\[(?:gpt|chatgpt|classic|normal|dan|jailbreak|stan|dude)|\bstay\s+(?:a|in)\s",
            0.7,
            check=confirmed_by(
                r"\[(?:gpt|chatgpt|classic|normal|dan|jailbreak|stan|dude)\w*\]?\s*:?[^\n]*\[(?:dan"
                r"|jailbreak|stan|dude|dev|evil|\w{2,16}gpt|\w{2,16}bot)\w*\]?|\bstay\s+(?:a|in)\s+"
                r"(?:dan|character)\b"
            ),
        ),
        Rule(
            "role_switch",
            r"\bfrom\s+(?:now|this\s+(?:point|moment))\s+on(?:ward)?s?,?\s+(?:you|your|every|all"
            r"|i\s+want\s+you|ignore|act|respond|answer|whenever|chatgpt|we)\b",
            0.75,
        ),
        Rule(
            "role_switch",
            r"\byou\s+are\s+(?:no\s+longer|not)\s",
            0.8,
            check=confirmed_by(
                rf"\byou\s+are\s+(?:no\s+longer|not)\s+(?:an?\s+)?(?:\w+\s+)?(?:{MODEL}\b|bound"
                r"|restricted|limited|subject)[^.\n]*"
            ),
        ),
        Rule(
            "role_play",
            r"\b(?:pretend|imagine|simulate|act\s+as|play\s+the\s+role|roleplay|immerse\s+yourself|you\s+(?:are|will)\s)",
            0.7,
            check=confirmed_by(
                r"\b(?:pretend|imagine|simulate|act\s+as|play\s+the\s+role|roleplay|immerse"
                r"\s+yourself|you\s+(?:are|will)\s+(?:now\s+)?(?:going\s+to\s+)?(?:act|play|pretend"
                rf"|simulate|become|be))\b[^.\n]*\b{MODEL}\b"
            ),
        ),
        Rule(
            "no_limits",
            r"\s(?:restrict(?:ion|ed)|limit(?:ation|s|ed)|filter|censor|guideline|polic(?:y|ies)|ethic|moral|rule|guardrail|safeguard|boundaries|constraint)",
            0.65,
            check=confirmed_by(
                r"\b(?:without|no|free\s+(?:of|from)|not\s+(?:bound|restricted|limited|constrained"
                r"|governed)\s+by|un(?:bound|restricted)\s+by|beyond|bypass\w*|break\w*\s+(?:free"
                r"|out)\s+(?:of|from)|(?:ignor|disregard)\w*|doesn'?t\s+(?:have|follow|care\s+about)"
                r"|does\s+not\s+(?:have|follow|adhere)|don'?t\s+have|lacks?|devoid\s+of|removed?)\s+"
                rf"(?:to\s+)?(?:\w+\s+){{0,3}}(?:and\s+\w+\s+)?{UNFREE}"
            ),
        ),
        Rule(
            "unfiltered",
            r"un(?:filtered|censored|restricted|hinged|ethical|moderated|chained)|amoral|immoral|jail\s?broken|lawless",
            0.9,
            check=confirmed_by(
                r"\b(?:un(?:filtered|censored|restricted|hinged|ethical|moderated|chained)|amoral"
                rf"|immoral|jail\s?broken|lawless)\b(?:[\s,]+(?:and\s+)?\w+){{0,4}}[\s,]+(?:{MODEL}"
                rf"|responses?|answers?|output|advice)\b|\b{MODEL}\b[^.\n]*\b(?:unfiltered"
                r"|uncensored|unrestricted|amoral|jail\s?broken)\b"
            ),
        ),
        Rule(
            "never_refuse",
            r"\s(?:refus|reject|declin|apologi[sz]|break\w*\s+character|censor|warn(?:ing)?\s+me|disclaim|say)",
            0.75,
            check=confirmed_by(
                r"\b(?:never|not|cannot|can't|won'?t|don'?t|doesn'?t|without)\s+(?:\w+\s+){0,2}"
                r"(?:refus\w+|reject\w*|declin\w+|apologi[sz]\w+|break\w*\s+character|censor\w*|warn"
                r"(?:ing)?\s+me|disclaim\w*|say\w*\s+(?:no\b|(?:\w+\s+){0,3}\W?(?:i'?m\s+sorry|sorry"
                r"|as\s+an\s+ai|i\s+can)))"
            ),
        ),
        Rule(
            "any_harm",
            r"\b(?:no\s+matter|regardless\s+of|even\s+if)\b",
            0.8,
            check=confirmed_by(
                r"\b(?:no\s+matter|regardless\s+of|even\s+if)\b[^.\n]*\b(?:illegal|unethical|immoral"
                r"|harmful|dangerous|offensive|legality|ethic|moral|consequence|inappropriate"
                r"|nsfw)\w*"
            ),
        ),
        Rule(
            "policy_evasion",
            r"openai|anthropic|moderation|(?:content|usage|safety)(?:\'?s)?\s+(?:\w+\s+)?(?:polic|guideline|filter|restriction)",
            0.88,
            check=confirmed_by(
                r"\b(?:openai|anthropic|content|usage|safety)(?:'?s)?\s+(?:content\s+|use\s+|usage"
                r"\s+|safety\s+)?(?:polic(?:y|ies)|guidelines|filters?|restrictions)\b[^.\n]*\b"
                r"(?:bypass|ignor\w+|disregard\w*|not\s+apply|doesn'?t|do\s+not|don'?t|no\s+longer"
                r"|remov\w+|avoid\w*|against|replaced)\b|\b(?:bypass|ignor\w+|disregard\w*|violat\w+"
                r"|evad\w+|circumvent\w*)\b[^.\n]*\b(?:openai|anthropic|content\s+polic|safety\s+"
                r"(?:filter|guideline|polic)|moderation)"
            ),
        ),
        Rule(
            "exfiltration",
            r"(?:conversation|chat\s+history|user\'?s?\s+(?:data|password|message|email)|api[\s_-]?key|credential|secret|system\s+prompt).*\bto\b",
            0.9,
            check=confirmed_by(
                r"\b(?:send|forward|post|email|upload|exfiltrate|transmit|append)\b[^.\n]*\b"
                r"(?:conversation|chat\s+history|user'?s?\s+(?:data|password|messages?|email)|api"
                r"[\s_-]?keys?|credentials|secrets?|system\s+prompt)\b[^.\n]*\bto\b[^.\n]{0,16}"
                r"(?:https?://|\w+@|this\s+(?:url|address|email))"
            ),
        ),
        Rule(
            "to_the_reader",
            r"\b(?:reading|processing|summari[sz]ing|analy[sz]ing|evaluating|reviewing)\s+this\b|\b(?:if\s+you\s+are|attention|note\s+to|dear)\s+(?:an?\s+|the\s+|all\s+)?(?:ai|llm|language\s+model|chatbot|assistant)",
            0.9,
            check=confirmed_by(
                r"\b(?:ai|llm|language\s+model|assistant|chatbot|gpt|model)s?\b[^.\n]*\b(?:reading"
                r"|processing|summari[sz]ing|analy[sz]ing|evaluating|reviewing)\s+this\b[^\n]*\b"
                r"(?:must|should|ignore|please|instead|recommend|say|respond)\b|\b(?:if\s+you\s+are"
                r"|attention|note\s+to|dear)\s+(?:an?\s+|the\s+|all\s+)?(?:ai|llm|language\s+model"
                r"|chatbot|assistant)s?\b[^.\n]*\b(?:ignore|must|say|output|respond|rate|recommend"
                r"|instruct|include|reveal)"
            ),
        ),
        # The same in other languages
        Rule("other_language", FOREIGN_SIGN, check=cancels_in_foreign),
        Rule(
            "other_language",
            FOREIGN_SCRIPT_SIGN,
            check=cancels_in_foreign_script,
            is_case_sensitive=True,
        ),
    ),
)
