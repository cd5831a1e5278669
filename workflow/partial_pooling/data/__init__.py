"""What is given: tables of groups, in whichever form they come."""
