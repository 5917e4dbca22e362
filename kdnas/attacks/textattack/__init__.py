"""TextAttack, which defines the attacks: its import, its recipes, plans by its objects.

- `importing`: the package without a connection and without its traces;
- `build`: a recipe by TextAttack's own definition, with the spec's settings and resources;
- `planning`: the plans of texts, which its objects are asked for;
- `reference`: TextAttack attacks one text after the other.

Every module but `importing` imports textattack, which takes seconds; so they are imported when an
attack or a plan has to be made.
"""
