"""The engine behind `check`: it runs an answer, compares it, and names the mistake.

Chapter: 0

`exercise` says what an exercise is, `compare` compares two results strictly,
`behaviour` runs an answer, `verdict` comes to a judgement, `fakes` makes the answers
that must never pass, `source` reads the text of a solution.
"""

__all__: list[str] = []
