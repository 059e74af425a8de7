"""The checks of the model doctor: what each looks at, and what it calls a fault.

Chapter: 12
"""

from bert_tutorial.model_checks.patient import (
    Diagnosis,
    Patient,
    Scores,
    SpecialIds,
    ask_model,
)

__all__ = ["Diagnosis", "Patient", "Scores", "SpecialIds", "ask_model"]
