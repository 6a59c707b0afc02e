"""Training's forward pass gives what the model itself gives."""

import pytest

from inference.training.prompt_forward import logits_of
from tests.needs import library

torch = library("torch", "torch")
transformers = library("transformers", "torch")


@pytest.mark.parametrize("layers", [1, 3])
def test_logits_are_the_models(layers: int) -> None:
    """With padding in the batch, and to the precision of 32 bits."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=24, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=16, initializer_range=0.4,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config).eval()
    ids = torch.randint(1, 50, (4, 12))
    mask = torch.ones(4, 12, dtype=torch.long)
    mask[1, 5:] = 0
    mask[3, 1:] = 0
    with torch.inference_mode():
        expected = model(input_ids=ids, attention_mask=mask).logits
        assert torch.allclose(logits_of(model, ids, mask), expected, atol=1e-5)
