"""What all variants of one catalogue entry share: heading, section, paper, and what the reader has to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netspec.layers.base import Layer, Shape
from netspec.spec import NetSpec, Provenance, Role

VISION = "vision classifiers"
DETECTION = "object detection"
SEGMENTATION = "semantic segmentation"
GENERATION = "image generation"
REINFORCEMENT = "reinforcement learning"
LANGUAGE = "natural language processing"
DIFFUSION = "diffusion"
BEYOND = "beyond vision"
PART_1 = "Part 1"
VOCABULARY = "vocabulary"

#: Sections of the later edition of ch. 11, in its order, the networks of Part 1, and those of the vocabulary alone.
DOMAINS = (VISION, DETECTION, SEGMENTATION, GENERATION, REINFORCEMENT, LANGUAGE, DIFFUSION, BEYOND, PART_1, VOCABULARY)

#: Remarks that several entries share.
TRANSPOSED = "the listing writes the doubling convolutions as plain ones, which have the same count"
NO_SKIPS = "the chapter's formula counts skips, which a decoder alone does not have"
NO_CLASS_TOKEN = "the chapter's formula counts a class token and its position, for which a grid has no room"

#: The earlier edition keeps language under "beyond vision" and diffusion under "image generation".
EARLIER_DOMAIN = {LANGUAGE: BEYOND, DIFFUSION: GENERATION}


@dataclass(frozen=True)
class Entry:
    """One heading of the catalogue.

    ``new_primitives`` and ``earlier_new_primitives`` as in :class:`netspec.Provenance`; ``None`` for the edition
    that lacks the entry. ``line`` is that of the vocabulary, for an entry that no chapter has; see :func:`term`.
    """

    title: str
    domain: str
    paper: str
    year: int
    new_primitives: tuple[str, ...] | None = ()
    earlier_new_primitives: tuple[str, ...] | None = ()
    line: int | None = None

    @property
    def book(self) -> str:
        """Where the chapters, or the vocabulary, keep the entry."""
        if self.line is not None:
            return f"vocabulary, line {self.line}"
        if self.domain == PART_1:
            return "ch. 10, Part 1"
        section = DOMAINS.index(self.domain) + 1
        return (
            f"ch. 11.2.{section}, {self.title}"
            if self.new_primitives is not None
            else f"ch. 11 (earlier), {self.title}"
        )

    def spec(
        self,
        name: str,
        input_shape: Shape,
        *layers: Layer,
        inputs: Mapping[str, Shape] | None = None,
        role: Role | None = None,
        of: str = "",
        remark: str = "",
        new_primitives: tuple[str, ...] | None = None,
        earlier_new_primitives: tuple[str, ...] | None = None,
        paper: str = "",
        year: int | None = None,
    ) -> NetSpec:
        """A spec of this entry. ``inputs`` are extra inputs, ``of`` names the variant it is another form of.

        Without a ``role`` it is one of the chapters' variants, or a network of the vocabulary.
        """
        role = role or ("variant" if self.line is None else "vocabulary")
        earlier_domain = "" if self.domain in (PART_1, VOCABULARY) else EARLIER_DOMAIN.get(self.domain, self.domain)
        provenance = Provenance(
            book=self.book,
            paper=paper or self.paper,
            year=year or self.year,
            entry=self.title,
            domain=self.domain,
            earlier_domain="" if self.earlier_new_primitives is None else earlier_domain,
            new_primitives=self.new_primitives if new_primitives is None else new_primitives,
            earlier_new_primitives=(
                self.earlier_new_primitives if earlier_new_primitives is None else earlier_new_primitives
            ),
            role="alternative" if of else role,
            alternative_of=of,
            remark=remark,
        )
        return NetSpec(name, input_shape, layers, provenance, inputs or {})


def term(title: str, line: int, paper: str, year: int) -> Entry:
    """An architecture of the vocabulary, by the line that names it, which is none of the chapters' variants."""
    return Entry(title, VOCABULARY, paper, year, None, None, line)
