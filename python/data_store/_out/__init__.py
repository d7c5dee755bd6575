# SPDX-License-Identifier: MIT
"""Results on their way out: frames over the library's memory."""
