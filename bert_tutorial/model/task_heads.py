"""Heads for tasks: a sequence, each token, a span.

Chapter: 14
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel, initialise
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.outputs import Output

__all__ = [
    "BertForQuestionAnswering",
    "BertForSequenceClassification",
    "BertForTokenClassification",
    "LogitsOutput",
    "SpanOutput",
]


@dataclass
class LogitsOutput(Output):
    """logits (B, C) or (B, T, C), and the loss if labels were given."""

    logits: Tensor
    loss: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclass
class SpanOutput(Output):
    """start_logits and end_logits (B, T), and the loss if positions were given."""

    start_logits: Tensor
    end_logits: Tensor
    loss: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


def _inside(positions: Tensor, T: int) -> Tensor:
    """Let positions (B,) outside the text be T, which is not scored."""
    return positions.masked_fill(positions < 0, T).clamp(max=T)


def _dropout(config: BertConfig) -> nn.Dropout:
    given = config.classifier_dropout
    return nn.Dropout(config.hidden_dropout_prob if given is None else given)


class BertForSequenceClassification(PreTrained):
    """One decision for a text: a linear layer on the pooled [CLS] (section 4.1)."""

    _optional = ("classifier.", "pooler.")

    def __init__(self, config: BertConfig) -> None:
        """Make encoder, dropout and classifier (H, C)."""
        super().__init__(config)
        self.bert = BertModel(config)
        self.dropout = _dropout(config)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        initialise(self.classifier, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> LogitsOutput:
        """Classify.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B,) class numbers; with one label (B,) numbers (squared error);
                floats (B, C) are several yes-or-no decisions.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            Logits (B, C), and the loss if there are labels.
        """
        out = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        logits = self.classifier(self.dropout(out.pooler_output))  # (B, C)
        loss = None
        if labels is not None:
            loss = sequence_loss(logits, labels, self.config.problem_type)
        return LogitsOutput(logits, loss, out.hidden_states, out.attentions)


def problem_of(
    num_labels: int, problem_type: str | None, are_floats: bool = False
) -> str:
    """Say what the logits of a text mean.

    Args:
        num_labels: how many there are of a text.
        problem_type: what the configuration says, or None.
        are_floats: whether the labels are no whole numbers.

    Returns:
        problem_type if it is given; else "regression" for one label, and for several
        "single_label_classification", or "multi_label_classification" with floats.
    """
    if problem_type is not None:
        return problem_type
    many = "multi" if are_floats else "single"
    return "regression" if num_labels == 1 else f"{many}_label_classification"


def sequence_loss(
    logits: Tensor, labels: Tensor, problem_type: str | None = None
) -> Tensor:
    """Choose the loss: squared error, one class, or several yes-or-no decisions.

    Args:
        logits: (B, C)
        labels: (B,) or (B, C)
        problem_type: "regression", "single_label_classification" or
            "multi_label_classification"; None: regression for one label, else one
            class for whole numbers and several decisions for floats.

    Returns:
        The mean loss.
    """
    C, are_floats = logits.shape[-1], labels.is_floating_point()
    problem_type = problem_of(C, problem_type, are_floats)
    if problem_type == "regression":
        return F.mse_loss(logits.view(-1), labels.view(-1).to(logits.dtype))
    if problem_type == "multi_label_classification":
        return F.binary_cross_entropy_with_logits(logits, labels)
    return F.cross_entropy(logits, labels.view(-1))


class BertForTokenClassification(PreTrained):
    """One decision for each token (section 5.3); it has no pooler."""

    _optional = ("classifier.",)

    def __init__(self, config: BertConfig) -> None:
        """Make encoder, dropout and classifier (H, C)."""
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.dropout = _dropout(config)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        initialise(self.classifier, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> LogitsOutput:
        """Classify tokens.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B, T) class numbers, -100 where nothing is scored.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            Logits (B, T, C), and the loss in nats if there are labels.
        """
        out = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        logits = self.classifier(self.dropout(out.last_hidden_state))  # (B, T, C)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return LogitsOutput(logits, loss, out.hidden_states, out.attentions)


class BertForQuestionAnswering(PreTrained):
    """The answer's first and last token (section 4.2); it has no pooler."""

    _optional = ("qa_outputs.",)

    def __init__(self, config: BertConfig) -> None:
        """Make encoder and the two scores of a token (H, 2)."""
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)
        initialise(self.qa_outputs, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> SpanOutput:
        """Score every token as the answer's start and as its end.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            start_positions: (B,); one outside the text, below 0 or from T on, is not
                scored (transformers takes those below 0 as [CLS]).
            end_positions: (B,), likewise.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            Start and end logits (B, T), and the loss if there are positions: the
            mean of the two cross-entropies.
        """
        out = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        start, end = self.qa_outputs(out.last_hidden_state).unbind(dim=-1)  # (B, T)
        loss = None
        if start_positions is not None and end_positions is not None:
            T = start.shape[1]
            first = F.cross_entropy(start, _inside(start_positions, T), ignore_index=T)
            last = F.cross_entropy(end, _inside(end_positions, T), ignore_index=T)
            loss = (first + last) / 2
        return SpanOutput(start, end, loss, out.hidden_states, out.attentions)
