# SPDX-License-Identifier: MIT
"""The C library: its functions, handles, statuses and threads, by ctypes."""
