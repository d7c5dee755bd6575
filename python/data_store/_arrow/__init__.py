# SPDX-License-Identifier: MIT
"""Tables of Arrow, in and out, by its C interfaces."""
