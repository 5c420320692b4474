"""Every backward pass, checked: the chapter's theorems as functions, and every layer's module as a whole.

``rules`` has the maps that carry their backward and the three rules that join them; ``linear``, ``softmax``,
``attention`` and the others have one idea each. ``statements`` has the theorems with the data they are checked on,
``checks`` the three checks, ``mutants`` wrong formulas that the checks must find, ``primitives`` the catalogue.
Importing this package does not import jax.
"""
