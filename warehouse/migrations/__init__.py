"""The forms that the ledger has had. A change of its table is a new file in versions/; opening a ledger brings it up to date."""
