"""The report on schedules of the learning rate: a comparison, with what warm-up buys at which rate."""
