"""What must hold of networks in continuous time."""

from netspec.vocabulary.properties.continuous import cells, flows

TERMS = (flows.LIQUID_STATE, flows.FLOW, cells.CT_RNN, cells.CFC, cells.LTC)
