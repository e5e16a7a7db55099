"""Runs `kembar` commands, one a line of standard input, in one process apart from any server."""

import json
import sys

from typer.testing import CliRunner

from kembar_client.commands import app


def main():
    runner = CliRunner()
    for line in sys.stdin:
        asked = json.loads(line)
        done = runner.invoke(app, asked["arguments"], env=asked["env"], input=asked["stdin"])
        told = {"exit_code": done.exit_code, "stdout": done.stdout, "stderr": done.stderr}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
