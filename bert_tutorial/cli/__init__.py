"""The command line: it declares options and prints; the work is done elsewhere.

Chapter: 0
"""
