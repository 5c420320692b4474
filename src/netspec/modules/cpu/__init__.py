"""Forms of the same arithmetic that XLA on CPU is fast at, behind one switch (:mod:`netspec.modules.cpu.switch`).

Those that other platforms would be slower at are for programs for CPU only. Those that differ in the order of sums or
in what is kept, which costs nothing elsewhere, are for all. Their gradients are written for reverse mode: whoever wants
forward mode (``jax.jvp``) switches them off.
"""
