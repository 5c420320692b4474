"""Every backward pass, checked: what :mod:`netspec.gradcheck` finds, as CSV, Markdown and a typeset report."""
