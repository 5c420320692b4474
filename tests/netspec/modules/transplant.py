"""Give our modules the tensors of a reference network, leaf by leaf in the order in which both define them.

What differs is told by an ``order`` and a ``change`` (see :func:`transplant`); the rest follows from the shapes. Every
tensor of the reference is read once and each of ours set once. All of it is differentiable, so that gradients come out
by the names of the reference.
"""

import re
from collections import Counter, UserDict

import jax.numpy as jnp
from flax import nnx

LEAVES = (nnx.Linear, nnx.Conv, nnx.BatchNorm, nnx.LayerNorm, nnx.RMSNorm, nnx.Embed, nnx.Variable)
PART = re.compile(r"(.*)[._](weight|bias|running_mean|running_var)")


def leaves(module, path=()):
    """Path and value of every layer without parts and every bare parameter, in the order of definition."""
    if isinstance(module, LEAVES):
        yield path, module
    elif isinstance(module, nnx.Pytree):
        for name, part in vars(module).items():
            if not name.startswith("_"):
                yield from leaves(part, (*path, int(name) if name.isdigit() else name))


class Counted(UserDict):
    """A dict that counts how often each value is read."""

    def __init__(self, values):
        super().__init__(values)
        self.reads = Counter()

    def __getitem__(self, name):
        self.reads[name] += 1
        return super().__getitem__(name)


def arranged(names, block, patterns):
    """``names`` with those of each block together and in the given order inside it.

    What the regular expression ``block`` matches, or its last group, says which block a name is of. Its place there is
    that of the first of ``patterns`` found in it; the last, where none is.
    """
    members = [re.match(block, name) for name in names]
    members = [match[match.lastindex or 0] if match else name for match, name in zip(members, names, strict=True)]
    first = {member: members.index(member) for member in members}

    def place(name):
        return next((place for place, pattern in enumerate(patterns) if re.search(pattern, name)), len(patterns))

    keys = {name: (first[member], place(name)) for member, name in zip(members, names, strict=True)}
    return sorted(names, key=keys.get)


class Donor:
    """The reference's layers, ``(name, {part: tensor})``, handed out one after the other."""

    def __init__(self, tensors, order):
        layers = {}
        for name, tensor in tensors.items():
            match = PART.fullmatch(name)
            layer, part = match.groups() if match else (name, "")
            layers.setdefault(layer, {})[part] = tensor
        names = list(layers)
        for block, patterns in order:
            names = arranged(names, block, patterns)
        self.layers = [(name, layers[name]) for name in names]

    def affine(self, module):
        """Kernel and bias; as many of the reference's layers side by side as ours has outputs."""
        kernels, biases = [], []
        while sum(kernel.shape[-1] for kernel in kernels) < module.kernel.shape[-1]:
            _, parts = self.layers.pop(0)
            kernels.append(channels_last(parts.pop("weight"), module))
            biases.append(parts.pop("bias", None))
            assert not parts
        yield "kernel", jnp.concatenate(kernels, axis=-1)
        if module.bias is None:
            assert biases == [None] * len(kernels)
        else:
            absent = (jnp.zeros(kernel.shape[-1]) for kernel in kernels)
            yield "bias", jnp.concatenate([zero if b is None else b for b, zero in zip(biases, absent, strict=True)])

    def norm(self, module):
        """Scale, shift and statistics."""
        _, parts = self.layers.pop(0)
        for ours, theirs in {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}.items():
            if theirs in parts:
                yield ours, parts.pop(theirs)
        assert not parts

    def table(self, module):
        """A tensor by itself, which may have axes of length one more or less."""
        _, parts = self.layers.pop(0)
        (value,) = parts.values()
        owner = module.embedding if isinstance(module, nnx.Embed) else module
        assert squeezed(value.shape) == squeezed(owner.shape)
        yield "embedding" if isinstance(module, nnx.Embed) else None, value.reshape(owner.shape)

    def give(self, module):
        if isinstance(module, (nnx.Embed, nnx.Variable)):
            return self.table(module)
        return self.affine(module) if hasattr(module, "kernel") else self.norm(module)


def squeezed(shape):
    return tuple(side for side in shape if side != 1)


def channels_last(weight, module):
    """A kernel of PyTorch as flax has it: ``(out, in, …) -> (…, in, out)``."""
    if isinstance(module, nnx.Linear):
        weight = weight.reshape(weight.shape[:2])  # a 1×1 convolution is a dense map
    return jnp.moveaxis(weight, (0, 1), (-1, -2))


def transplant(module, tensors, order=(), change=dict):
    """The state of ``module``, ``{path: array}``, that makes it the network whose tensors these are, by name.

    ``change`` maps the tensors to those of an equal network closer to ours. ``order`` holds the arguments of calls of
    :func:`arranged`, one after the other, for the names of the reference's layers.
    """
    tensors = Counted(tensors)
    donor, state = Donor(change(tensors), order), {}
    for path, leaf in leaves(module):
        for name, value in donor.give(leaf):
            state[path if name is None else (*path, name)] = value
    assert not donor.layers, f"left over: {[name for name, _ in donor.layers]}"
    assert set(tensors.reads.values()) == {1}
    assert tensors.reads.keys() == tensors.keys()
    wanted = {path: variable.shape for path, variable in nnx.to_flat_state(nnx.state(module))}
    assert {path: value.shape for path, value in state.items()} == wanted
    return state
