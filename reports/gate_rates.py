"""How good the gate is, as a table in plain text."""

from benches.self_test import Summary


def plain(summary: Summary) -> str:
    """A line per rate, under one that says where and when the series was recorded."""
    header, rates = summary.header, summary.rates
    machine = f"{header.fingerprint.cpu_model}, {header.fingerprint.cpu_count} cores"
    where = f"{header.created}, {machine}, jax {header.fingerprint.jax}"
    title = f"{where}; {summary.restarts} restarts, beside them {header.load}"
    widths = [
        max(len(words) for words in column) for column in zip(*((one.case, one.said) for one in rates), strict=True)
    ]
    rows = [
        f"{one.case:<{widths[0]}}  {one.said:<{widths[1]}}  {100 * one.share:6.2f} % "
        f"[{100 * one.low:.1f}, {100 * one.high:.1f}] of {one.gates} drawn gates"
        for one in rates
    ]
    return "\n".join([title, *rows])
