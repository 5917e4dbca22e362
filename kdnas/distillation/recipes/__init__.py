"""The recipes of the methods in `kdnas.methods`, one file each.

A recipe is a function `recipe(schedule, settings)` that returns the stages of the training.
"""
