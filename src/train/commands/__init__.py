"""The commands of ``python -m train``, by what they are about: each module adds its own to the command line."""
