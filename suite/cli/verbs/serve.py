"""Serve an exported model, to try it out.

It answers as TensorFlow Serving (POST /v1/models/NAME:predict) and by the Open Inference Protocol
(POST /v2/models/NAME/infer), and shows a page to drop a picture on. Only this machine can reach it, unless --host
says otherwise. It asks for no password. For production take the servers of docker-compose.yml.

\b
suite serve exports/resnet-7
suite serve exports/resnet-7 --port 9000
"""

from __future__ import annotations

from pathlib import Path

import click

from suite import pipeline
from suite.cli.ending import until_interrupted
from suite.cli.speaking import tell


@click.command(help=__doc__)
@click.argument("exported", metavar="EXPORT", type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="Port of the server; 0: a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that it listens at.")
def command(exported: Path, port: int, host: str) -> None:
    """Serve until interrupted; a line for each request goes to stderr."""
    with until_interrupted("no longer served."):
        pipeline.serve(exported, host, port, tell)
