# SPDX-License-Identifier: MIT
"""The methods of `MarketRepo`, a noun a file: each is a function, whose `self` is the repo.

`market_repo` puts them together, so that a call takes no step more than one of a method has to.
"""
