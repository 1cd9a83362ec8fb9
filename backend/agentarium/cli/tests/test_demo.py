"""A failing demo; `make demo` shows that it passes."""

from pathlib import Path

from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests import processes


def test_fails_with_the_servers_log_if_the_model_does_not_load(
    tmp_path: Path,
) -> None:
    weights = tmp_path / "model.gguf"
    weights.write_text("no model")

    result = processes.run(
        "demo",
        f"--weights={weights}",
        "--json",
        cwd=tmp_path,
        environment=bare_environment(),
    )

    assert result.returncode == 1
    assert '"status": "failed"' in result.stdout
    assert "request.finished" in result.stderr
