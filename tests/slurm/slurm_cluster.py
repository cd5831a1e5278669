"""A real Slurm of several nodes on this machine, for as long as a test needs it.

munged, slurmctld and one slurmd a node run as this user, on the loopback address, with all their
files in one folder under /tmp. Each daemon lives in a PID namespace of its own: ending a node ends
its slurmd, its slurmstepds and its jobs, as a power cut does, and nothing that was started outlives
this process, however it ends.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SBIN = "/usr/sbin:/sbin"
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "unshare", "setpriv")
ROOT_NAMESPACE = ("--pid", "--fork", "--mount-proc", "--kill-child=KILL")
NAMESPACES = (ROOT_NAMESPACE, ("--user", "--map-current-user", *ROOT_NAMESPACE))

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
# no cgroups: processes are found by their parents, memory is counted each second and held to
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# quick to schedule, to notice and to forgive; finished jobs stay in squeue
SchedulerParameters=bf_interval=2,sched_interval=2
BatchStartTimeout=1
MessageTimeout=5
SlurmctldTimeout=30
SlurmdTimeout=15
KillWait=2
InactiveLimit=0
ReturnToService=2
MinJobAge=3600
# nodes may say that they have more than this machine
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Say why there can be no cluster here; nothing where there can."""
    absent = [name for name in NEEDED if not _program(name)]
    if absent:
        return f"{', '.join(absent)} not installed (Debian: slurmctld slurmd slurm-client munge)"
    if _namespace() is None:
        return "PID namespaces are not allowed here"
    return ""


class Cluster:
    """Nodes n1, n2, ... in a folder.

    Parameters
    ----------
    nodes
        Number of nodes.
    cpus, memory
        What each says that it has; memory in MB.
    """

    def __init__(self, nodes: int = 2, cpus: int = 8, memory: int = 8000) -> None:
        self.nodes = [f"n{i + 1}" for i in range(nodes)]
        # short: the path of a Unix socket has at most 107 bytes
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._cpus, self._memory = cpus, memory
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        self.environment = kept | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}:{SBIN}",
        }

    def __enter__(self) -> Cluster:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._daemons)):
            self.end(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str) -> str:
        """Run a Slurm command; give what it prints."""
        return subprocess.run(
            command, env=self.environment, text=True, capture_output=True, check=True, timeout=30
        ).stdout

    def jobs(self, *states: str) -> dict[str, str]:
        """Comment (the rule, from Snakemake's plugin) by job number, of jobs in these states."""
        listed = self.run("squeue", "-h", "-o", "%i|%k", "-t", ",".join(states) or "all")
        return dict(line.split("|", 1) for line in listed.splitlines())

    def start_node(self, name: str) -> None:
        """Switch a node on."""
        self._spawn(name, "slurmd", "-D", "-N", name)

    def end(self, name: str) -> None:
        """Switch a node, or a daemon, off at once, with all that runs on it."""
        daemon = self._daemons.pop(name)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()

    def _start(self) -> None:
        for name in ("munge", "key", "controller", "bin", "log", *self.nodes):
            (self.folder / name).mkdir()
        (self.folder / "key").chmod(0o700)
        key = self.folder / "key" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        controller, *ports = _free_ports(1 + len(self.nodes))
        host = socket.gethostname()
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                host=host,
                user=getpass.getuser(),
                controller=controller,
                nodes="\n".join(
                    f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
                    f"CPUs={self._cpus} RealMemory={self._memory}"
                    for name, port in zip(self.nodes, ports, strict=True)
                ),
            )
        )
        # Snakemake's job step drops SLURM_CONF, which sites with /etc/slurm do not need
        shim = self.folder / "bin" / "srun"
        shim.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {_program("srun")} "$@"\n'
        )
        shim.chmod(0o755)
        munge = self.folder / "munge" / "socket"
        options = [f"--key-file={key}", f"--socket={munge}"]
        options += [f"--{name}-file={self.folder}/key/{name}" for name in ("pid", "log", "seed")]
        self._spawn("munged", "munged", "--foreground", "--force", *options)
        self._wait(munge.exists, "munged")
        self._spawn("slurmctld", "slurmctld", "-D")
        for name in self.nodes:
            self.start_node(name)
        self.wait_for_nodes()

    def wait_for_nodes(self) -> None:
        """Wait until every node is idle."""
        idle = ["idle"] * len(self.nodes)
        self._wait(lambda: self.run("sinfo", "-h", "-N", "-o", "%T").split() == idle, "nodes")

    def _spawn(self, name: str, program: str, *arguments: str) -> None:
        # bash is the namespace's first process and takes in what others leave behind;
        # --pdeathsig and --kill-child end it with this process
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", *(_namespace() or ())]
        command += ["bash", "-c", '"$@" & wait', "-", _program(program) or program, *arguments]
        with (self.folder / "log" / name).open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except subprocess.SubprocessError:
                pass  # not up yet
            time.sleep(0.1)
        logs = "\n".join(f"{log.name}: {log.read_text()[-1000:]}" for log in self._logs())
        raise TimeoutError(f"{what}: not ready after {seconds} s\n{logs}")

    def _logs(self) -> list[Path]:
        return sorted((self.folder / "log").iterdir())


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:{SBIN}")


def _namespace() -> tuple[str, ...] | None:
    for flags in NAMESPACES:
        if subprocess.run(["unshare", *flags, "true"], capture_output=True).returncode == 0:
            return flags
    return None


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
