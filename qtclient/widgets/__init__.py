"""The parts of windows: delegates, views, the composer. They know the models and the look, and no window."""
