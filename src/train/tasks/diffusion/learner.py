"""The squared error of the noise that a network finds in pictures at random times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import Cell, sides
from train.data.augment.base import centre_crop, flip, random_crop, to_unit
from train.data.store import Store
from train.tasks.base import Sums, Task
from train.tasks.diffusion.judge import judged
from train.tasks.diffusion.noise import TIMES, noisy, with_time
from train.tasks.diffusion.pictures import grid, neighbours, strip
from train.tasks.diffusion.sample import SAMPLED, ancestral, ddim

#: Parts of the times that the error is taken over by itself.
PARTS = 10
#: Samples that are shown.
SHOWN = 64
#: Seed of everything that is drawn when training has ended.
SEED = 0


class Denoiser:
    """The task of one cell: see :class:`train.tasks.base.Learner`.

    Pictures have as many channels as the network leaves: three, or one, their mean; between -1 and 1, or 0 and 1.
    """

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.data = task, task.spec(cell), cell.dataset
        self.augmentation = cell.augmentation
        self.lowest = -1.0 if cell.task_settings.get("centred", True) else 0.0
        self.ancestral_steps = int(cell.task_settings.get("ancestral_steps", 250))
        self.channels = self.spec.output_shape[2]
        self.planes = self.spec.input_shape[2] - self.channels
        self.timed = bool(self.spec.extra_inputs)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture."""
        return (*self.spec.input_shape[:2], self.channels)

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` random pictures ``uint8 (B, H, W, 3)`` and labels, which nothing here reads."""
        generator, size = np.random.default_rng(0), sides(self.data.stored_size if training else self.data.image_size)
        batch = {
            "image": generator.integers(0, 256, (count, *size, 3), np.uint8),
            "label": generator.integers(0, self.data.classes, count, np.int32),
        }
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def pictures(self, images: jax.Array) -> jax.Array:
        """What is learned of ``uint8 (B, H, W, 3)``, float32 ``(B, H, W, channels)``."""
        unit = to_unit(images)
        unit = unit.mean(-1, keepdims=True) if self.channels == 1 else unit
        return self.lowest + (1 - self.lowest) * unit

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """Pictures, the noise that is added to each, and its time ``(B,)``, uniform from 1 to T."""
        crop_key, flip_key, noise_key, time_key = jax.random.split(key, 4)
        images, size = batch["image"], self.data.image_size
        images = random_crop(crop_key, images, size) if self.augmentation.random_crop else centre_crop(images, size)
        if self.augmentation.horizontal_flip:
            images = flip(flip_key, images)
        return self._drawn(self.pictures(images), noise_key, time_key)

    def _drawn(self, pictures: jax.Array, noise_key: jax.Array, time_key: jax.Array) -> Any:
        noise = jax.random.normal(noise_key, pictures.shape)
        return pictures, noise, jax.random.randint(time_key, (len(pictures),), 1, TIMES + 1).astype(jnp.float32)

    def found(self, network: Callable, x: jax.Array, time: jax.Array) -> jax.Array:
        """The noise that the network finds in pictures ``(B, H, W, C)`` at times ``(B,)``."""
        named = {"time": time[:, None]} if self.timed else {}
        return network(with_time(x, time, self.planes) if self.planes else x, **named)

    def errors(self, network: Callable, pictures: jax.Array, noise: jax.Array, time: jax.Array) -> jax.Array:
        """Mean squared error over the pixels of each picture, ``(B,)``. Source: Ho et al. 2020, eq. 14."""
        return jnp.square(self.found(network, noisy(pictures, noise, time), time) - noise).mean((1, 2, 3))

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean squared error of the noise."""
        errors = self.errors(network, *inputs)
        return errors.mean(), {"loss": errors.sum(), "count": jnp.float32(errors.shape[0])}

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """The same over pictures that are ``real``, and by parts of the times."""
        drawn = self._drawn(self.pictures(centre_crop(batch["image"], self.data.image_size)), *jax.random.split(key))
        errors, real = self.errors(network, *drawn), batch["real"]
        part = jax.nn.one_hot(((drawn[2] - 1) * PARTS // TIMES).astype(jnp.int32), PARTS) * real[:, None]
        return {"loss": jnp.where(real, errors, 0).sum(), "count": real.sum(dtype=jnp.float32), **_parts(errors, part)}

    def figures(self, sums: Sums) -> dict[str, float]:
        """The mean."""
        return {"loss": float(sums["loss"]) / max(float(sums["count"]), 1.0)}

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Nothing further."""
        return {}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Samples by DDIM and by ancestral sampling, judged where pictures are grey and have labels, and drawn."""
        key = jax.random.key(SEED)
        drawn, path = ddim(run, self, key, SAMPLED)
        files = {"samples.png": grid(drawn[:SHOWN]), "trajectory.png": strip(path)}
        training = self._unit(store.train["image"])
        files["neighbours.png"] = neighbours(drawn, training)
        files["error_by_time.csv"] = self._error_by_time(run, store)
        if self.channels != 1:
            files["judged.csv"] = b"sampler,measure,value\n"
            return {}, files
        splits = [(self._unit(part["image"]), np.asarray(part["label"])) for part in (store.train, store.val)]
        steps = self.ancestral_steps
        drawings = {"ddim-50": drawn, f"ancestral-{steps}": ancestral(run, self, key, SAMPLED, steps)}
        found = judged(drawings, *splits)
        rows = [f"{sampler},{name},{value:.6f}" for sampler, some in found.items() for name, value in some.items()]
        files["judged.csv"] = ("\n".join(["sampler,measure,value", *rows]) + "\n").encode()
        names = ("frechet_ratio", "frechet", "coverage", "copies")
        return {name: found["ddim-50"][name] for name in names}, files

    def _unit(self, images: np.ndarray) -> np.ndarray:
        """Pictures ``uint8 (N, H, W, 3)`` as samples are: in [0, 1], ``(N, height, width, channels)``."""
        pictures = np.asarray(self.pictures(centre_crop(jnp.asarray(np.asarray(images)), self.data.image_size)))
        return (pictures - self.lowest) / (1 - self.lowest)

    def _error_by_time(self, run: Callable, store: Store) -> bytes:
        """The validation error in each part of the times, over as many draws as there are pictures."""
        sums = np.zeros((2, PARTS))
        for index in range(-(-len(store.val) // AT_ONCE)):
            wanted = np.arange(index * AT_ONCE, min((index + 1) * AT_ONCE, len(store.val)))
            batch = store.val.gather(np.resize(wanted, AT_ONCE))
            real = np.arange(AT_ONCE) < len(wanted)
            found = run(self.measure, {**batch, "real": real}, jax.random.fold_in(jax.random.key(SEED), index))
            sums += np.stack([np.asarray(found["part_error"]), np.asarray(found["part_count"])])
        rows = [
            f"{TIMES * at // PARTS + 1},{TIMES * (at + 1) // PARTS},{error / max(count, 1):.6f}"
            for at, (error, count) in enumerate(sums.T)
        ]
        return ("\n".join(["first_time,last_time,error", *rows]) + "\n").encode()


#: Validation pictures that are computed at a time when all is done.
AT_ONCE = 256


def _parts(errors: jax.Array, part: jax.Array) -> dict[str, jax.Array]:
    return {"part_error": (errors[:, None] * part).sum(0), "part_count": part.sum(0)}
