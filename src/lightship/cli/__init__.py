"""The command line: translates arguments to library calls."""

from __future__ import annotations

import click

from lightship.cli.batch import batch_command, job_command
from lightship.cli.compare import compare_command
from lightship.cli.compile import compile_command
from lightship.cli.dlq import dlq_command
from lightship.cli.draw import draw_command
from lightship.cli.evaluate import evaluate_command
from lightship.cli.explain import explain_command
from lightship.cli.index import index_command
from lightship.cli.init import init_command
from lightship.cli.models import models_command, show_command
from lightship.cli.output.failures import EXIT_CODES, Group
from lightship.cli.predict import predict_command
from lightship.cli.report import report_command
from lightship.cli.routing import history_command, label_command, rollback_command, traffic_command, withdraw_command
from lightship.cli.schedule import schedule_command
from lightship.cli.serve import serve_command
from lightship.cli.transfer import pull_command, push_command
from lightship.cli.up import up_command
from lightship.version import __version__


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="lightship")
def lightship() -> None:
    """Turn a trained model into an HTTPS prediction API.

    \b
    lightship compile churn.keras        create version 1 of the model "churn" in ./models
    lightship serve                      serve it on http://127.0.0.1:8000
    lightship predict churn '[[1, 2]]'   predict without a server
    """


COMMANDS = (
    init_command,
    compile_command,
    serve_command,
    up_command,
    models_command,
    index_command,
    show_command,
    predict_command,
    explain_command,
    draw_command,
    evaluate_command,
    report_command,
    compare_command,
    batch_command,
    job_command,
    dlq_command,
    schedule_command,
    label_command,
    traffic_command,
    rollback_command,
    history_command,
    withdraw_command,
    push_command,
    pull_command,
)
for command in COMMANDS:
    lightship.add_command(command)
