"""VII. Port binding: a worker needs no port."""

from pathlib import Path


def test_a_worker_listens_on_no_port(deployed):
    pid = deployed.processes["worker"].popen.pid
    opened = {path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()}
    assert any(name.startswith("socket:") for name in opened)
    assert not {f"socket:[{inode}]" for inode in listening()} & opened


def listening():
    """Inodes of this machine's listening sockets."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                yield fields[9]
