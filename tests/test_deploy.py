"""docker-compose.yml, Dockerfile and manifests of Kubernetes: sound, pinned, not root, and what runs in them runs.

No container engine is here. Files are held to the schemas of their formats, and the command of each service whose
program is a package is run as a process.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from suite.search import folder
from tests.test_tracking import free_port

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
KUBERNETES = ROOT / "deploy" / "kubernetes"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
FIRST = ("own-the-volume",)  # gives a volume of root's to another user, and ends
OLDEST, NEWEST = "1.29", "1.37"  # of Kubernetes


def manifests() -> list[dict[str, Any]]:
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text()) if one["kind"] != "Kustomization"]


def pods() -> dict[str, dict[str, Any]]:
    specs = {one["metadata"]["name"]: one.get("spec", {}) for one in manifests()}
    return {name: spec["template"]["spec"] for name, spec in specs.items() if "template" in spec}


def filled(text: str, **known: str) -> str:
    """Return a text with its ${VARIABLES} as compose fills them in."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        assert name in known or kind == ":-", f"{name} has no value"
        return known.get(name, rest)

    return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, text)


def whole(part: Any, known: dict[str, str]) -> Any:
    """Return a part of the compose file with its variables filled in; one that was only a variable is what it says."""
    if isinstance(part, dict):
        return {name: whole(one, known) for name, one in part.items()}
    if isinstance(part, list):
        return [whole(one, known) for one in part]
    if not isinstance(part, str) or "$" not in part:
        return part
    text = filled(part, **known)
    return yaml.safe_load(text) if re.fullmatch(r"\d+(\.\d+)?", text) else text


def environment(container: dict[str, Any]) -> set[str]:
    return {one["name"] for one in container.get("env", ())}


# ---- compose


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    import compose_spec

    options = compose_spec.PyOptions()
    options.apply_merge = True
    made = passwords(tmp_path, COMPOSE, ".env")
    text = yaml.safe_dump(whole(yaml.safe_load(COMPOSE), made))
    assert set(options.from_yaml(text).service_names()) == set(SERVICES)
    with pytest.raises(Exception, match="unknown variant"):
        options.from_yaml(text.replace("restart: unless-stopped", "restart: sometimes", 1))


def passwords(tmp_path: Path, text: str, name: str) -> dict[str, str]:
    """Run the command that makes the passwords; return them."""
    line = re.search(r"\(umask 077;.*$", text, re.MULTILINE)
    assert line
    subprocess.run(["bash", "-c", line[0]], cwd=tmp_path, check=True)
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    return dict(one.split("=") for one in (tmp_path / name).read_text().split())


def test_one_command_makes_all_passwords_and_none_has_a_default(tmp_path: Path) -> None:
    made = passwords(tmp_path, COMPOSE, ".env")
    assert len(set(made.values())) == len(made) == 4
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in made.values())
    assert set(re.findall(r"\$\{(\w+_PASSWORD)", COMPOSE)) == set(made)
    assert not re.search(r"\$\{\w+_PASSWORD:?-", COMPOSE)
    text = (KUBERNETES / "kustomization.yaml").read_text()
    assert passwords(tmp_path, text, "passwords.env").keys() == made.keys()
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"/.env", "/deploy/kubernetes/passwords.env"} <= set(ignored)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_healthy_and_not_root(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:[\d.]+", service["image"])
    if name in FIRST:
        return
    inline = service.get("build", {}).get("dockerfile_inline", "")
    user = service.get("user") or re.search(r"^USER (\S+)$", inline, re.MULTILINE)[1]  # type: ignore[index]
    assert user not in ("root", "0", "0:0")
    assert service["healthcheck"]
    assert service["restart"]
    for port in service.get("ports", ()):
        assert re.match(r"\$\{(LISTEN|SERVING_HOST):-127\.0\.0\.1\}:", port), "open to others without being asked"


def test_what_a_service_waits_for_and_uses_is_there() -> None:
    whole = yaml.safe_load(COMPOSE)
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        named = [one.split(":")[0] for one in service.get("volumes", ()) if not one.startswith((".", "/", "$"))]
        assert set(named) <= set(whole["volumes"])


# ---- the image


def test_the_image_is_pinned_not_root_and_has_the_extras_that_workers_need() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON=\d+\.\d+\.\d+$", text, re.MULTILINE)
    assert text.count("\nFROM python:${PYTHON}-slim-") == 2
    assert re.search(r"^USER (\S+)$", text, re.MULTILINE)[1] == SERVICES["worker"]["user"]  # type: ignore[index]
    asked = [
        *re.findall(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE),
        *re.findall(r"EXTRAS: (.*)$", COMPOSE, re.MULTILINE),
    ]
    for extras in asked:
        assert {"postgres", "s3"} <= set(extras.split(",")) <= EXTRAS.keys()
    copied = " ".join(re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE)).split()
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert set(copied) == sent
    assert all((ROOT / one).exists() for one in copied)


@pytest.mark.slow
def test_what_the_image_installs_is_the_suite(tmp_path: Path) -> None:
    """The files that are sent are enough to build it."""
    for one in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / one, tmp_path)
    shutil.copytree(ROOT / "suite", tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", "built", "."]
    done = subprocess.run(wheel, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "built").glob("keras_comparison_suite-*.whl"))


# ---- Kubernetes


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_manifests_are_those_of_kubernetes(version: str) -> None:
    import kubernetes_validate

    for one in manifests():
        kubernetes_validate.validate(one, version, strict=True)


def test_the_list_of_manifests_names_all_and_patches_what_is_there() -> None:
    whole = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    files = {file.name for file in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(whole["resources"]) == files
    patch = yaml.safe_load((KUBERNETES / "gpu" / "kustomization.yaml").read_text())["patches"][0]
    assert (patch["target"]["kind"], patch["target"]["name"]) == ("Deployment", "worker")
    assert pods()["worker"]["containers"][0]["resources"]["limits"], "the patch adds to it"


@pytest.mark.parametrize("name", pods())
def test_a_pod_is_restricted_and_pinned(name: str) -> None:
    pod = pods()[name]
    named = {one["name"] for one in yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["images"]}
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert re.fullmatch(r"[\w./-]+:[\d.]+", container["image"]) or container["image"] in named
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["limits"]["memory"]
        assert name == "worker" or container["readinessProbe"]


def test_kubernetes_runs_what_compose_runs() -> None:
    (worker,), (mlflow,) = (pods()[name]["containers"] for name in ("worker", "mlflow"))
    composed, pinned = SERVICES["worker"], {name: SERVICES[name]["image"] for name in ("database", "depot")}
    assert worker["args"][2:] == composed["command"][2:]
    assert environment(worker) == set(composed["environment"])
    assert environment(mlflow) - {"MLFLOW_PASSWORD"} == set(SERVICES["mlflow"]["environment"])
    assert mlflow["args"] == SERVICES["mlflow"]["command"]
    assert {name: pods()[name]["containers"][0]["image"] for name in pinned} == pinned
    assert pods()["depot"]["containers"][0]["command"][1:] == SERVICES["depot"]["command"]


# ---- the services, as processes


@contextmanager
def running(command: list[str], address: str, cwd: Path, **changes: str) -> Iterator[None]:
    """Run a server until the block ends, which begins when the server answers at an address."""
    import time

    with (cwd / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=cwd, env={**os.environ, **changes}, stdout=log, stderr=log)
        try:
            while answer(address) != 200:
                assert server.poll() is None, (cwd / "log").read_text()[-2000:]
                time.sleep(0.2)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def answer(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=3) as said:
            return int(said.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def depot(place: Path, secret: str) -> Iterator[str]:
    """Run the command of the service `depot`, at free ports of this machine."""
    place.mkdir()
    ports = {one: free_port() for one in ("s3", "filer", "master", "volume", "s3.iceberg", "s3.lance")}
    known = ["-s3.port", "-filer.port", "-master.port", "-volume.port", "-s3.port.iceberg", "-s3.port.lance"]
    options = [f"{name}={port}" for name, port in zip(known, ports.values(), strict=True)]
    options += [f"{name}.grpc={free_port()}" for name in known[:4]]
    command = [
        str(Path(sys.executable).with_name("weed")),
        *SERVICES["depot"]["command"],
        f"-dir={place}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
    ]
    given = {"AWS_ACCESS_KEY_ID": "suite", "AWS_SECRET_ACCESS_KEY": secret, "S3_BUCKET": "suite,mlflow"}
    url = f"http://127.0.0.1:{ports['s3']}"
    with running([*command, *options], f"{url}/healthz", place, **given):
        yield url


def databases(url: str, made: dict[str, str]) -> None:
    """Do on a server what the service `database` does when its volume is empty."""
    import psycopg

    content = yaml.safe_load(COMPOSE)["configs"]["databases"]["content"]
    with psycopg.connect(url, autocommit=True) as server:
        for statement in content.split(";"):
            if statement.strip():
                server.execute(filled(statement, **made))


@pytest.mark.postgres
@pytest.mark.slow
def test_the_services_work_together_as_processes(tmp_path: Path, postgres_server: str) -> None:
    """The databases, the depot, MLflow, and a worker that searches a study, ends, and leaves all that others need."""
    import psycopg
    import s3fs

    made = passwords(tmp_path, COMPOSE, ".env")
    databases(postgres_server, made)
    try:
        socket = postgres_server.partition("?")[2]
        mlflow = f"postgresql+psycopg://mlflow:{made['MLFLOW_PASSWORD']}@/mlflow?{socket}"
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(f"postgresql://mlflow@/suite?{socket}")
        port = free_port()
        home = tmp_path / "mlflow"
        home.mkdir()
        with depot(tmp_path / "depot", made["S3_PASSWORD"]) as s3:
            assert answer(f"{s3}/suite/") == 403, "S3 answers without its key"
            key = {"AWS_ACCESS_KEY_ID": "suite", "AWS_SECRET_ACCESS_KEY": made["S3_PASSWORD"]}
            told = {name: value for name, value in SERVICES["mlflow"]["environment"].items() if "$" not in value}
            told |= {**key, "MLFLOW_BACKEND_STORE_URI": mlflow, "MLFLOW_S3_ENDPOINT_URL": s3}
            told |= {"MLFLOW_PORT": str(port), "MLFLOW_HOST": "127.0.0.1"}
            server = [sys.executable, "-m", *SERVICES["mlflow"]["command"]]
            with running(server, f"http://127.0.0.1:{port}/health", home, **told):
                worker(tmp_path, f"postgresql+psycopg://suite@/suite?{socket}", s3, port, key)
            files = s3fs.S3FileSystem(
                key="suite", secret=made["S3_PASSWORD"], endpoint_url=s3, skip_instance_cache=True
            ).find("suite")  # fmt: skip
            assert any("/models/" in file for file in files)
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as server:
            for name in ("suite", "mlflow"):
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                server.execute(f"DROP ROLE IF EXISTS {name}")


def worker(place: Path, storage: str, s3: str, port: int, key: dict[str, str]) -> None:
    """Run the command of the service `worker` on a short study."""
    command = list(SERVICES["worker"]["command"])
    name = f"deployed-{uuid.uuid4().hex[:6]}"
    command[1] = str(ROOT / "studies" / "quickstart" / "resnet.toml")
    command[command.index("--storage") + 1] = storage
    command[command.index("--runs") + 1] = str(place / "runs")
    short = [
        "--set",
        f"name={name}",
        "budget.trials=2",
        "fidelity.epochs=1",
        "latency.seconds=0.3",
        "latency.settling=0",
    ]
    told = {**os.environ, **key, "AWS_ENDPOINT_URL": s3, "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    done = subprocess.run(
        [sys.executable, "-m", "suite", *command, *short], env=told, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert len([one for one in folder.read(place / "runs" / name).trials if one.state == "complete"]) == 2
