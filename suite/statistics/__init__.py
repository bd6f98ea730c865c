"""How sure results are: intervals, corrections and tests, on arrays of numbers alone.

The answers of trials on the same pictures are the input of most: `right` [K trials, N pictures], True where a trial
names the class. Shares are between 0 and 1.
"""
