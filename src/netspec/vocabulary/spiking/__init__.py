"""Spiking neurons: cells that say nothing until they fire, how they learn, and how numbers are told by spikes."""
