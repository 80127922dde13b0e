"""The same event told by many documents: how alike two tellings are, and which of them tell one incident."""
