"""Training of the encoder and its heads. Needs the extra `train` (torch); nothing here is imported at run time."""
