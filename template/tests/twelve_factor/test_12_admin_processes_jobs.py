"""XII. Admin processes: any job can be run by a command."""

import json

from support.processes import run


def test_run_runs_a_job_in_the_commands_process(deployed, tmp_path):
    done = run(
        *("run", "probe_fail", "times=0", f"path={tmp_path}/runs"),
        program=deployed.program,
        environment=deployed.environment,
        folder=deployed.folder,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 1
