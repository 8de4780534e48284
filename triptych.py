"""The front door: `triptych run | gate | report | check | list`, installed or as `python triptych.py` in a checkout.

Its three folders lie beside this file, and it is the package that holds them: `triptych.impls`, `triptych.benches`,
`triptych.reports`. So one name on the import path is all that Triptych takes, and your own `benches` stays yours.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parent)]


def main() -> None:
    """What the `triptych` script calls."""
    from triptych.benches.exit_codes import ended_by_signals

    with ended_by_signals():  # already while the rest is imported
        from triptych.reports.commands import cli

        cli()


if __name__ == "__main__":
    main()
