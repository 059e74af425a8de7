"""What later models changed in BERT, each change a small piece of its own.

Chapter: 23
"""
