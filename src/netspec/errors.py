"""What a malformed or unknown spec raises: one sentence with the place, what arrived and what was expected."""

from __future__ import annotations


class SpecError(ValueError):
    """A spec that cannot be a network; the message names the spec, the layer's index and text, and both shapes."""


class UnknownSpecError(SpecError, KeyError):
    """A name that is not in the catalogue; the message suggests the nearest ones."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class InputError(SpecError, TypeError):
    """What a built network is called with and does not take; names the network, what arrived and what was expected."""


class LayerError(ValueError):
    """What one layer finds wrong, before :func:`netspec.walk.walk` adds where the layer stands."""

    def __init__(self, problem: str, *, arrived: object, expected: object) -> None:
        super().__init__(f"{problem}: arrived {arrived}, expected {expected}")


class VocabularyError(ValueError):
    """What a function of the vocabulary is called with and does not take; names the argument and what was expected."""


class UnknownTermError(VocabularyError, KeyError):
    """A word that is not in the vocabulary; the message suggests the nearest ones."""

    def __str__(self) -> str:
        return str(self.args[0])
