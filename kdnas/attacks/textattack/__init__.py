"""TextAttack, which defines the attacks: its import, its recipes.

- `importing`: the package without a connection and without its traces;
- `build`: a recipe by TextAttack's own definition, with the spec's settings and resources;
- `reference`: TextAttack attacks one text after the other.

Every module but `importing` imports textattack, which takes seconds; so they are imported when
TextAttack itself has to attack.
"""
