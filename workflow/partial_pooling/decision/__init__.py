"""What a decision needs: probabilities, ranks, one group less, other priors, fit of the model."""
