"""A sentence for people, which can still be said in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sentence(str):
    """English with its values put in, and what it was made of: template and values.

    It is text, so that who knows one language need not know of it. A value may be a sentence too.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Put the values into the template's holes, which are str.format's."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made

    def __deepcopy__(self, _memory: object) -> Self:
        """Return itself: it does not change."""
        return self

    def by(self, table: Mapping[str, str]) -> str:
        """Say it by a table of templates; KeyError where the table has not this one."""
        said = {
            name: value.by(table) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return table[self.template].format(**said)
