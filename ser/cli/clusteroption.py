"""The option for work on other machines."""

from __future__ import annotations

from typing import Any

import click


def cluster_option(function: Any) -> Any:
    """Adds ``--cluster``; see `check_cluster`."""
    return click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Let the workers of a Dask scheduler do it: tcp://host:8786. Needs the extra "
        "[cluster].",
    )(function)


def check_cluster(address: str) -> None:
    """Makes sure that options for this machine are not given together with those for others.

    Raises:
        click.UsageError: They are, or the address is empty.
    """
    if not address:
        # Dask would start a cluster of its own on this machine.
        raise click.UsageError("--cluster needs the address of a scheduler, as tcp://host:8786.")
    given = click.get_current_context().get_parameter_source("jobs")
    if given != click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--jobs is for this machine: --cluster has as many as its workers.")
