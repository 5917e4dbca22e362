"""What each attack does, one file a recipe; `kdnas.records.recipes` has their names and settings.

A file holds how TextAttack builds the recipe (`build`) and, where the engine can execute it, its
`Candidates`. None imports textattack at its head, for the engine does without it.
"""
