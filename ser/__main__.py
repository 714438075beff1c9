"""Runs the command `ser` as ``python -m ser``."""

from ser.cli.ser import main

if __name__ == "__main__":
    main()
