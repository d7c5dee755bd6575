# SPDX-License-Identifier: MIT
"""The commands, one a file."""
