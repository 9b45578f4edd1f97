"""`mirrorkit minikube`: minikube against this mirror."""

from __future__ import annotations

import typer

from mirrorkit.cli import minikube_flags, minikube_rewrite, minikube_seed, minikube_start

app = typer.Typer(help="Start minikube against the mirror.", rich_markup_mode=None)
_WORDS_LAST = {"allow_interspersed_args": False}  # what follows is minikube's, dashes and all
app.command("flags")(minikube_flags.command)
app.command("rewrite", context_settings=_WORDS_LAST)(minikube_rewrite.command)
app.command("seed")(minikube_seed.command)
app.command("start", context_settings=_WORDS_LAST)(minikube_start.command)


@app.callback()
def _group() -> None:
    """Start minikube against the mirror."""
