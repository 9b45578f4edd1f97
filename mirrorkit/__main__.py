"""`python -m mirrorkit`."""

from mirrorkit.cli.main import main

main()
