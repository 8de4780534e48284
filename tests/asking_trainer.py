"""A trainer that wants to be told something by whoever sits at the keyboard, as soon as it is imported."""

from triptych.impls.treemap import trainer

RATE = input("Which learning rate? ")

Trainer = trainer.Trainer
