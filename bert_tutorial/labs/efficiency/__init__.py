"""Cost, distillation, and pretraining on replaced tokens.

Chapter: 20
"""
