"""Classical estimates of the same groups, and the law of Cochran's Q."""
