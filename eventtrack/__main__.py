"""`python -m eventtrack`, for where the console script is not on the path."""

from eventtrack.cli import main

if __name__ == "__main__":
    main()
