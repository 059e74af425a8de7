"""The command line: python -m bert_tutorial COMMAND.

Chapter: 0
"""

import sys

from bert_tutorial.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
