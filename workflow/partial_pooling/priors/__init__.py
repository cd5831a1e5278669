"""What is assumed of mu and tau."""
