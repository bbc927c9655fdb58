"""The parameter Engine: which image target is built, what memory and time it gets, which packages are in it."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from packaging.requirements import Requirement
from samcli.lib.providers.provider import Stack
from samcli.lib.providers.sam_function_provider import SamFunctionProvider

from tests.template.decided import ROOT, SOURCE, with_bucket

ENGINES = SOURCE["Parameters"]["Engine"]["AllowedValues"]
DOCKERFILES = ["functions/predict/Dockerfile", "deploy/server/Dockerfile"]
RUN_MODELS = ["PredictFunction", "ScoreFunction", "RequestsFunction"]

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_dockerfile = pytest.mark.parametrize("path", DOCKERFILES)


def stages(path: str) -> dict[str, str]:
    """The instructions of each stage of a Dockerfile by its name, in order; the last one has no name."""
    instructions = re.sub(r"^#.*\n", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    parts = re.split(r"^(?=FROM )", instructions, flags=re.MULTILINE)[1:]
    return {(re.match(r"FROM \S+ AS (\S+)", part) or [None, ""])[1]: part for part in parts}


def with_bases(path: str, name: str) -> str:
    """The instructions of a stage and of every stage that it is built from."""
    found = stages(path)
    needed = {word for word in re.findall(r"(?:^FROM |--from=)(\S+)", found[name], re.MULTILINE) if word in found}
    return found[name] + "".join(with_bases(path, other) for other in sorted(needed - {name}))


@every_dockerfile
def test_every_engine_is_a_target_and_litert_the_default(path: str) -> None:
    assert set(ENGINES) <= stages(path).keys()
    assert stages(path)[""].split() == ["FROM", "litert"]
    assert SOURCE["Parameters"]["Engine"]["Default"] == "litert"


@every_dockerfile
def test_only_the_tensorflow_target_has_tensorflow(path: str) -> None:
    assert "tensorflow" not in with_bases(path, "litert").lower()
    assert "requirements/tensorflow.txt" in with_bases(path, "tensorflow")


@every_dockerfile
def test_litert_does_not_wait_for_tensorflow(path: str) -> None:
    """A builder without BuildKit, as SAM's, builds every stage above the target."""
    names = list(stages(path))
    assert names.index("litert") < names.index("tensorflow-packages")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what SAM itself uses
@every_engine
def test_sam_builds_the_target_of_the_engine(engine: str) -> None:
    built = {name: function.metadata for name, function in functions(Engine=engine).items() if function.metadata}
    expected = dict.fromkeys(RUN_MODELS, engine) | {"CompileFunction": "litert"}
    for name, target in expected.items():
        assert (built[name]["DockerBuildTarget"], built[name]["DockerTag"]) == (target, target)
    assert "DockerBuildTarget" not in built["CompileWorkerFunction"]


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
def test_memory_and_timeout_follow_the_engine_unless_given(
    parameters: dict[str, str], expected: tuple[int, int]
) -> None:
    predict = functions(**parameters)["PredictFunction"]
    assert (int(predict.memory), int(predict.timeout)) == expected
    deployed = with_bucket(**parameters)
    shared = deployed(SOURCE["Globals"]["Function"])
    assert (int(shared["MemorySize"]), int(shared["Timeout"])) == expected
    split = deployed.resources("AWS::Serverless::Function")["SplitFunction"]
    assert int(split["MemorySize"]) == int(parameters.get("Memory", 1024))  # it runs no model


@pytest.mark.parametrize(("name", "lowest", "highest"), [("Memory", 128, 10240), ("Timeout", 1, 29)])
def test_memory_and_timeout_take_auto_or_a_number_in_range(name: str, lowest: int, highest: int) -> None:
    pattern = re.compile(SOURCE["Parameters"][name]["AllowedPattern"])
    accepted = {number for number in range(11_000) if pattern.search(str(number))}
    assert accepted == set(range(lowest, highest + 1))
    assert pattern.search("auto")
    assert not any(pattern.search(text) for text in ("", "Auto", "1.5", "auto ", "015", "-1"))


def functions(**parameters: str) -> dict[str, Any]:
    """The functions as ``sam build`` and ``sam local`` see them, by name."""
    stack = Stack("", "", "template.yaml", {"Registry": "bucket"} | parameters, copy.deepcopy(SOURCE))
    provider = SamFunctionProvider([stack], ignore_code_extraction_warnings=True)
    return {function.name: function for function in provider.get_all()}


# What is installed.


def pins(file: str, **environment: str) -> dict[str, str]:
    """The versions that a lock file installs on a platform, by package."""
    lines = re.findall(r"^([a-z0-9].*?) \\$", (ROOT / "requirements" / file).read_text(), re.MULTILINE)
    platform = {"sys_platform": "linux", "python_full_version": "3.13.0", "python_version": "3.13"} | environment
    found = map(Requirement, lines)
    return {each.name: str(each.specifier) for each in found if not each.marker or each.marker.evaluate(platform)}


@pytest.mark.parametrize(("machine", "package"), [("x86_64", "tensorflow-cpu"), ("aarch64", "tensorflow")])
@pytest.mark.parametrize("file", ["tensorflow.txt", "compile.txt", "run.txt", "dev.txt"])
def test_each_processor_installs_the_tensorflow_that_is_built_for_it(file: str, machine: str, package: str) -> None:
    installed = pins(file, platform_machine=machine)
    assert [name for name in installed if name in {"tensorflow", "tensorflow-cpu"}] == [package]


@pytest.mark.parametrize("base", ["predict.txt", "serve.txt"])
def test_tensorflow_changes_no_version_of_the_image_that_it_is_added_to(base: str) -> None:
    before, added = pins(base, platform_machine="x86_64"), pins("tensorflow.txt", platform_machine="x86_64")
    assert {name: added[name] for name in before.keys() & added.keys()} == {
        name: before[name] for name in before.keys() & added.keys()
    }
