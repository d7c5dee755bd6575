# SPDX-License-Identifier: MIT
"""Shows functions that a class takes over from other modules (`write = writing.write`) as its methods."""

from typing import Any

import griffe


class MethodsFromModules(griffe.Extension):
    """Replace such attributes by the functions themselves, once everything is loaded."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Look through the classes of a package."""
        for module in pkg.modules.values():
            for cls in module.classes.values():
                for name, member in list(cls.members.items()):
                    if not member.is_attribute or not isinstance(member.value, griffe.ExprAttribute):
                        continue
                    try:
                        source = module.modules_collection[member.value.canonical_path]
                    except (KeyError, griffe.AliasResolutionError):
                        continue
                    if source.is_function:
                        source.parent = None
                        cls.set_member(name, source)
