"""From text to ids: normalizer, WordPiece, vocabulary, tokenizer (chapters 3 and 4).

Chapter: 3
Used from: 1
"""
