"""Hostile input for both daemons, made by chance from a seed, while a pair of neighbours is served: ``make fuzz``."""
