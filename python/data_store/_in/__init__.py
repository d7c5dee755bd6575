# SPDX-License-Identifier: MIT
"""Arguments and frames on their way into the library: column buffers and what is refused."""
