"""`python -m suite` is the command `suite`."""

from suite.cli import main

main()
