# SPDX-License-Identifier: MIT
"""Files that bars go to."""
