"""A school at nine o'clock: thousands come through one address, while two people chat (``make bench-school``)."""
