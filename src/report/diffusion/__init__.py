"""The report on diffusion, ch. 11.2.7."""
