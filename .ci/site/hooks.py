# SPDX-License-Identifier: MIT
"""What mkdocs does differently for this site."""

from typing import Any


def on_config(config: Any) -> Any:
    """Search pages that are opened as files with a script of ours.

    The offline plugin would have each browser fetch one from elsewhere.
    """
    config.extra["polyfills"] = ["offline_search.js"]
    return config
