"""Files from outside: texts, model folders, the hub. Checked before use, written whole.

Chapter: 9
Used from: 1
"""
