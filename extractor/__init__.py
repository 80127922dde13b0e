"""Events on critical-mineral supply and export control, read from text, each with its evidence."""

__version__ = "0.1.0"
