"""The report of studies: the front that they found, and how."""
