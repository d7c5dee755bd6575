# SPDX-License-Identifier: MIT
"""Shows what the package's own ways of writing a class mean.

A function that a class takes over from another module (`write = writing.write`) is its method; a method that is
`made_at_first_use` is a property.
"""

from typing import Any

import griffe


class MethodsFromModules(griffe.Extension):
    """Replace such members, once everything is loaded."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Look through the classes of a package."""
        for module in pkg.modules.values():
            for cls in module.classes.values():
                for name, member in list(cls.members.items()):
                    if member.is_function and any("made_at_first_use" in str(d.value) for d in member.decorators):
                        made = griffe.Attribute(
                            name, lineno=member.lineno, annotation=member.returns, docstring=member.docstring
                        )
                        made.labels.add("property")
                        cls.set_member(name, made)
                        continue
                    if not member.is_attribute or not isinstance(member.value, griffe.ExprAttribute):
                        continue
                    try:
                        source = module.modules_collection[member.value.canonical_path]
                    except (KeyError, griffe.AliasResolutionError):
                        continue
                    if source.is_function:
                        source.lineno = member.lineno  # the order of the class
                        cls.set_member(name, source)
