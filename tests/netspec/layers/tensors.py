"""A tally of tensors and products, filled the way a naive implementation would create and run them."""

import math


class Tally:
    """Shapes of trainable tensors, and multiply-adds."""

    def __init__(self):
        self.tensors = []
        self.macs = 0

    @property
    def params(self):
        return sum(math.prod(shape) for shape in self.tensors)

    def table(self, *shape):
        self.tensors.append(shape)

    def norm(self, width):
        self.tensors += [(width,), (width,)]

    def conv(self, i, o, kernel, at, groups=1, bias=False, norm=False):
        """A grouped convolution whose kernel is applied at ``at`` positions."""
        assert i % groups == 0 and o % groups == 0
        rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.tensors.append((rows, columns, i // groups, o))
        self.macs += at * rows * columns * (i // groups) * o
        if bias:
            self.tensors.append((o,))
        if norm:
            self.norm(o)

    def dense(self, i, o, at=1, bias=True):
        self.tensors.append((i, o))
        self.macs += at * i * o
        if bias:
            self.tensors.append((o,))

    def attention(self, d, queries, keys=None, memory=None, bias=True, window=None):
        """q, k, v, output projections and both products; keys attend over ``window`` positions when given."""
        keys, memory = queries if keys is None else keys, d if memory is None else memory
        self.dense(d, d, queries, bias)
        self.dense(memory, d, keys, bias)
        self.dense(memory, d, keys, bias)
        self.dense(d, d, queries, bias)
        self.macs += 2 * queries * (keys if window is None else window) * d

    def mlp(self, d, m, at):
        self.dense(d, m, at)
        self.dense(m, d, at)
