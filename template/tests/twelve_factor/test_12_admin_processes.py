"""XII. Admin processes: one-off tasks run in the same release and environment."""

from support.processes import run

TYPED = """
import sys
print(sys.prefix)
print(settings.release)
print(all(check.ok for check in (await runtime.check()).values()))
"""


def test_the_shell_runs_in_the_release(deployed):
    done = command(deployed, "shell", text=TYPED)
    assert done.returncode == 0, done.stderr
    prefix, release, reachable = done.stdout.splitlines()
    assert reachable == "True"
    assert prefix == str(deployed.release.folder / "venv")
    for process in deployed.processes.values():
        assert {event["release"] for event in process.events()} == {release}


def test_the_service_has_admin_commands(deployed):
    done = command(deployed, "admin", "--help")
    assert done.returncode == 0, done.stderr


def command(deployed, *arguments, text=""):
    return run(
        *arguments,
        program=deployed.release.program,
        environment=deployed.environment,
        folder=deployed.folder,
        text=text,
    )
