# SPDX-License-Identifier: MIT
"""The methods of `DataStore` that opening and transactions do not take: see `_market`."""
