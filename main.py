"""Starts Fireside from a copy of its source.

Nothing is imported at module level: processes that Python spawns import this file again.
"""

if __name__ == "__main__":
    from desktop.__main__ import main

    raise SystemExit(main())
