"""The parameters Engine and Text: image target, memory, timeout and packages."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from packaging.requirements import Requirement
from samcli.lib.providers.provider import Stack
from samcli.lib.providers.sam_function_provider import SamFunctionProvider

from tests.template.evaluated import ROOT, SOURCE, with_bucket

ENGINES = SOURCE["Parameters"]["Engine"]["AllowedValues"]
DOCKERFILES = ["functions/predict/Dockerfile", "deploy/server/Dockerfile"]
WITHOUT_MODELS = ["CompileFunction", "SplitFunction"]

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_dockerfile = pytest.mark.parametrize("path", DOCKERFILES)


def stages(path: str) -> dict[str, str]:
    """Return the instructions of each stage of a Dockerfile by name, in order.

    The last stage has no name.
    """
    instructions = re.sub(r"^#.*\n", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    parts = re.split(r"^(?=FROM )", instructions, flags=re.MULTILINE)[1:]
    return {(re.match(r"FROM \S+ AS (\S+)", part) or [None, ""])[1]: part for part in parts}


def with_bases(path: str, name: str) -> str:
    """Return the instructions of a stage and of all stages that it is built from."""
    found = stages(path)
    needed = {word for word in re.findall(r"(?:^FROM |--from=)(\S+)", found[name], re.MULTILINE) if word in found}
    return found[name] + "".join(with_bases(path, other) for other in sorted(needed - {name}))


@every_dockerfile
def test_engine_values_are_image_targets_with_default_litert(path: str) -> None:
    assert set(ENGINES) <= stages(path).keys()
    assert stages(path)[""].split() == ["FROM", "litert"]
    assert SOURCE["Parameters"]["Engine"]["Default"] == "litert"


@every_dockerfile
def test_image_only_tensorflow_target_has_tensorflow(path: str) -> None:
    assert "tensorflow" not in with_bases(path, "litert").lower()
    assert "requirements/tensorflow.txt" in with_bases(path, "tensorflow")


def test_image_of_api_has_no_packages_of_queue_functions() -> None:
    path = "functions/predict/Dockerfile"
    names = list(stages(path))
    assert names.index("litert") < names.index("events-packages")
    for engine in ENGINES:
        assert "requirements/events.txt" not in with_bases(path, engine)
        assert "requirements/events.txt" in with_bases(path, f"{engine}-events")


@every_dockerfile
def test_image_litert_stage_precedes_tensorflow_stages(path: str) -> None:
    """Builders without BuildKit, such as SAM's, build every stage above the target."""
    names = list(stages(path))
    assert names.index("litert") < names.index("tensorflow-packages")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by SAM's dependencies
@every_engine
def test_sam_builds_target_of_engine(engine: str) -> None:
    built = {name: function.metadata for name, function in functions(Engine=engine).items() if function.metadata}
    with_queues = dict.fromkeys(["ScoreFunction", "RequestsFunction"], f"{engine}-events")
    expected = {"PredictFunction": engine} | with_queues | dict.fromkeys(WITHOUT_MODELS, "litert-events")
    for name, target in expected.items():
        assert (built[name]["DockerBuildTarget"], built[name]["DockerTag"]) == (target, target)
    assert "DockerBuildTarget" not in built["CompileWorkerFunction"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("text", SOURCE["Parameters"]["Text"]["AllowedValues"])
def test_sam_passes_text_to_images_of_models(text: str) -> None:
    built = {name: function.metadata for name, function in functions(Text=text).items() if function.metadata}
    given = {name for name, metadata in built.items() if metadata.get("DockerBuildArgs") == {"TEXT": text}}
    assert given == built.keys() - {"CompileWorkerFunction"}


@every_dockerfile
def test_image_has_tokenizers_as_text_says(path: str) -> None:
    assert f"ARG TEXT={SOURCE['Parameters']['Text']['Default']}\n" in stages(path)["text-packages"]
    for engine in ENGINES:
        assert "requirements/text.txt" in with_bases(path, engine)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, (1024, 15)),
        ({"Engine": "tensorflow"}, (3008, 29)),
        ({"Engine": "tensorflow", "Memory": "1769", "Timeout": "20"}, (1769, 20)),
        ({"Memory": "512", "Timeout": "5"}, (512, 5)),
    ],
    ids=["litert", "tensorflow", "tensorflow with values", "litert with values"],
)
def test_memory_and_timeout_auto_follow_engine(parameters: dict[str, str], expected: tuple[int, int]) -> None:
    predict = functions(**parameters)["PredictFunction"]
    assert (int(predict.memory), int(predict.timeout)) == expected
    deployed = with_bucket(**parameters)
    shared = deployed(SOURCE["Globals"]["Function"])
    assert (int(shared["MemorySize"]), int(shared["Timeout"])) == expected
    split = deployed.resources("AWS::Serverless::Function")["SplitFunction"]
    assert int(split["MemorySize"]) == int(parameters.get("Memory", 1024))  # it runs no model


@pytest.mark.parametrize(("name", "lowest", "highest"), [("Memory", 128, 10240), ("Timeout", 1, 29)])
def test_memory_and_timeout_accept_auto_or_number_in_range(name: str, lowest: int, highest: int) -> None:
    pattern = re.compile(SOURCE["Parameters"][name]["AllowedPattern"])
    accepted = {number for number in range(11_000) if pattern.search(str(number))}
    assert accepted == set(range(lowest, highest + 1))
    assert pattern.search("auto")
    assert not any(pattern.search(text) for text in ("", "Auto", "1.5", "auto ", "015", "-1"))


def functions(**parameters: str) -> dict[str, Any]:
    """Return the functions as ``sam build`` and ``sam local`` resolve them, by name."""
    stack = Stack("", "", "template.yaml", {"Registry": "bucket"} | parameters, copy.deepcopy(SOURCE))
    provider = SamFunctionProvider([stack], ignore_code_extraction_warnings=True)
    return {function.name: function for function in provider.get_all()}


# Installed packages.


def pins(file: str, **environment: str) -> dict[str, str]:
    """Return the versions that a lock file installs on a platform, by package."""
    lines = re.findall(r"^([a-z0-9].*?) \\$", (ROOT / "requirements" / file).read_text(), re.MULTILINE)
    platform = {"sys_platform": "linux", "python_full_version": "3.13.0", "python_version": "3.13"} | environment
    found = map(Requirement, lines)
    return {each.name: str(each.specifier) for each in found if not each.marker or each.marker.evaluate(platform)}


@pytest.mark.parametrize(("machine", "package"), [("x86_64", "tensorflow-cpu"), ("aarch64", "tensorflow")])
@pytest.mark.parametrize("file", ["tensorflow.txt", "compile.txt", "run.txt", "dev.txt"])
def test_locks_install_tensorflow_build_of_architecture(file: str, machine: str, package: str) -> None:
    installed = pins(file, platform_machine=machine)
    assert [name for name in installed if name in {"tensorflow", "tensorflow-cpu"}] == [package]


@pytest.mark.parametrize("base", ["predict.txt", "serve.txt"])
def test_tensorflow_lock_keeps_versions_of_base_lock(base: str) -> None:
    before, added = pins(base, platform_machine="x86_64"), pins("tensorflow.txt", platform_machine="x86_64")
    assert {name: added[name] for name in before.keys() & added.keys()} == {
        name: before[name] for name in before.keys() & added.keys()
    }
