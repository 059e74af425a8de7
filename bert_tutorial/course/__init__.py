"""The course around the code: checks, exercises, the bug museum, model doctor, plots.

Chapter: 0
"""
