"""What an environment is made of, in the order in which it is made."""
