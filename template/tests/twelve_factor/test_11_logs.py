"""XI. Logs: a stream of events on stdout, one JSON object per line, and no file."""

from support.logs import log_lines


def test_every_process_writes_events_to_stdout(deployed):
    for name, process in deployed.processes.items():
        assert {line["process"] for line in log_lines(process)} == {name}


def test_no_process_writes_a_log_file(deployed):
    assert list(deployed.folder.iterdir()) == []
