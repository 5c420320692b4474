"""Every statement that is checked, by key: theorems 46 to 81 by number, the earlier layers by name."""

from __future__ import annotations

from netspec.gradcheck.statement import Statement
from netspec.gradcheck.statements import attention, earlier, matrix, softmax, tokens, transformer

_NUMBERED = (matrix, softmax, attention, tokens, transformer)

STATEMENTS: dict[str, Statement] = {
    statement.key: statement
    for statement in (
        *earlier.STATEMENTS,
        *sorted((each for file in _NUMBERED for each in file.STATEMENTS), key=lambda each: int(each.key)),
    )
}
