"""The ablation report: results of the trainer and the book's printed figures in, tables, figures and a document out.

Nothing here trains, and nothing here imports the training stack. The command line is :mod:`report.__main__`; its parts
meet in CSV files, so each is a separate workflow rule and each intermediate is something a reader can open.
"""
