"""What each attack does, one file a recipe; `kdnas.records.recipes` says what it is made of."""
