"""V. Build, release, run: a release does not change."""

from support.release import files


def test_a_running_release_does_not_change_its_files(release, deployed):
    assert files(release.folder / "venv") == release.installed
    assert list(deployed.folder.iterdir()) == []


def test_every_line_names_version_commit_and_time(release, deployed):
    for process in deployed.processes.values():
        assert process.events()
        assert {event["release"] for event in process.events()} == {
            f"{release.version}+{deployed.environment['GIT_SHA'][:12]}.20260131T120000Z"
        }
