"""From a source, as a user names it, to raw documents. The only room that touches the network."""

from extractor.fetch.gather import gather
from extractor.fetch.raw import Raw
from extractor.limits import Limits

__all__ = ["Limits", "Raw", "gather"]
