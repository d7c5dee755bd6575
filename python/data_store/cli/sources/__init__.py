# SPDX-License-Identifier: MIT
"""Files that bars come from: each gives them as chunks of columns, whatever it is inside."""
