"""The cloud's tables, as Django sees them."""
