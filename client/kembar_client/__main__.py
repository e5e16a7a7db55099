"""Entry point of the `kembar` command."""

from __future__ import annotations

from kembar_client.commands import app


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
