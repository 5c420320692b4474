"""How long a run is, and where on the way something is due: in epochs or in steps, as its recipe counts."""

from __future__ import annotations

from dataclasses import dataclass

from train.config.cell import Cell


@dataclass(frozen=True)
class Length:
    """A run in steps.

    A row of metrics covers ``period`` steps: an epoch, or what lies between two validations of a run that is counted in
    steps. Validation and checkpoints are due after every so many periods; the last one may be shorter.
    """

    steps: int
    period: int
    validate_every: int
    save_every: int
    warmup: int
    steps_per_epoch: int

    @property
    def epochs(self) -> int:
        """Passes over the training data that are begun."""
        return self.epoch(self.steps)

    def epoch(self, step: int) -> int:
        """The epoch, counted from one, in which the last of ``step`` steps lies."""
        return -(-step // self.steps_per_epoch)

    def ends_period(self, step: int) -> bool:
        """Whether a row is due after ``step`` steps."""
        return step % self.period == 0 or step == self.steps

    def validates(self, step: int) -> bool:
        """Whether validation is due after ``step`` steps, at the end of a period; at the end of the run it is."""
        return step % (self.period * self.validate_every) == 0 or step == self.steps

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is due after ``step`` steps, at the end of a period; the end of the run needs none."""
        return step % (self.period * self.save_every) == 0 and step < self.steps


def length_of(cell: Cell, steps_per_epoch: int) -> Length:
    """The length of a run of ``cell`` on as many training examples as make ``steps_per_epoch`` steps."""
    if cell.steps is None:
        warmup = cell.schedule.warmup_epochs * steps_per_epoch
        every = (cell.evaluate_every_epochs, cell.checkpoint_every_epochs)
        return Length(cell.epochs * steps_per_epoch, steps_per_epoch, *every, warmup, steps_per_epoch)
    period = cell.evaluate_every_steps
    save_every = cell.checkpoint_every_steps // period
    return Length(cell.steps, period, 1, save_every, cell.schedule.warmup_steps, steps_per_epoch)
