"""What must hold of the catalogue's architectures: counts and structure, against changed specs of the same name."""

from netspec.vocabulary.properties.architectures import images, language, scenes, text

TERMS = (*language.TERMS, *text.TERMS, *images.TERMS, *scenes.TERMS)
