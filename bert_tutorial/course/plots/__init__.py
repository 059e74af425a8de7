"""The figures of the notebooks.

Chapter: 0
"""
