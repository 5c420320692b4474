"""Wrong formulas are found, by differences and structure alone, and leave nothing behind."""

import pytest

from netspec.gradcheck import rules
from netspec.gradcheck.mutants import MUTANTS, findings, planted
from netspec.gradcheck.statements import STATEMENTS


@pytest.mark.thinned(3)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.key}: {mutant.mistake}")
def test_the_mutant_is_caught(mutant):
    assert findings(mutant)


def test_there_are_mutants_of_nearly_every_statement():
    assert len(MUTANTS) >= 20
    # The Jacobians of linear maps share their mutants with the VJPs; two statements of smoothness have no formula.
    without = STATEMENTS.keys() - {mutant.key for mutant in MUTANTS}
    assert without == {
        "49", "52", "53", "57", "69", "71", "73", "75", "batch-norm-evaluation", "residual",
    }  # fmt: skip


def test_a_mutant_is_gone_afterwards_even_when_the_check_fails():
    right = rules.chain
    mutant = next(mutant for mutant in MUTANTS if mutant.function == "chain")
    with pytest.raises(RuntimeError), planted(mutant):
        assert rules.chain is not right
        raise RuntimeError
    assert rules.chain is right
