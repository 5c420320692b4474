"""Classifiers of the catalogue trained by one recipe: what each reached, how large it is and what it cost."""
