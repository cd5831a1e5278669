"""What is assumed of the data: likelihoods of the groups, each of one theta."""
