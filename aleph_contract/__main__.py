"""`python -m aleph_contract`."""

from aleph_contract.cli import main

if __name__ == "__main__":
    main()
