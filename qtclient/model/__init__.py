"""What windows show, as Qt item models, and the session that they act on. No widgets."""
