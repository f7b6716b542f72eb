"""Whole windows. `desk.Desk` holds those of one account."""
