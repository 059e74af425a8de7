"""The engine behind `check`: it runs an answer, compares it, and names the mistake.

Chapter: 0

`exercise` says what an exercise is, `listed` reads its known mistakes, which `edits`
makes from the solution. `compare` compares two results, `behaviour` runs an answer,
`verdict` comes to a judgement. Around an answer stand `watch` (what it changes and
draws from), `limits` (its time), `endings` (it ends nothing), `state` (nothing leaks)
and `owner` (whose it is); `words` and `picture` put a finding before the reader;
`fakes` makes the answers that must never pass, `source` reads the text of a solution.
"""

__all__: list[str] = []
