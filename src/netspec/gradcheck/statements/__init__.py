"""Every statement that is checked, by key: theorems 46 to 81 by number, the earlier layers by name."""

from __future__ import annotations

from netspec.gradcheck.statement import Statement
from netspec.gradcheck.statements import attention, earlier, matrix, transformer

STATEMENTS: dict[str, Statement] = {
    statement.key: statement for group in (earlier, matrix, attention, transformer) for statement in group.STATEMENTS
}
