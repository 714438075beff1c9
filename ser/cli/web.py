"""ser-web: a page to speak to, and an interface for programs, on this machine."""

from __future__ import annotations

import click

from ser.cli.common import Console, command
from ser.cli.paths import InputPath


@command("ser-web")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    help="The port; 0 is any that is free.",
)
@click.option("--model", type=InputPath(), metavar="MODEL.keras", help="The classifier, or small.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--token",
    envvar="SER_WEB_TOKEN",
    show_envvar=True,
    help="What who comes must show; 16 or more characters.",
)
@click.option(
    "--behind-proxy",
    metavar="NAME",
    help="A reverse proxy serves this under the host name NAME and checks who comes.",
)
def main(
    console: Console,
    host: str,
    port: int,
    model: str | None,
    opens: bool,
    token: str | None,
    behind_proxy: str | None,
) -> None:
    """Serve a page to speak to, and the same analysis to programs.

    Everything is done on this machine: sounds are kept in memory while they are analysed, and no
    other host is asked for anything. Other machines reach it with --token or --behind-proxy alone.

    \b
    Examples:
      ser-web --open
      ser-web --port 9000 --model small
      SER_WEB_TOKEN=... ser-web --host 0.0.0.0
    """  # noqa: D301 (click reads the backspace character itself)
    from ser.web.server import serve
    from ser.web.settings import WebConfig

    config = WebConfig(host=host, token=token, behind_proxy=behind_proxy)

    def ready(address: str) -> None:
        console.info(f"listening on {address} (Ctrl-C ends it)")
        if opens:
            click.launch(address)

    serve(config, port, model, ready)
