# SPDX-License-Identifier: MIT
"""``python -m data_store``: the command line."""

from .cli import main

if __name__ == "__main__":
    main()
