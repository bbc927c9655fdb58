"""The registry in a bucket, as CloudFormation will make it: where models are, who may read, what outlives the stack."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.template.decided import ROOT, SOURCE, Decided, environment, statements

AWS = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::URLSuffix": "amazonaws.com"}
NAME = "lightship-bucket-1a2b3c"
OWN = AWS | {"Registry": "bucket", "Bucket": NAME, "Bucket.Arn": f"arn:aws:s3:::{NAME}"}
OTHERS = AWS | {"Registry": "shared-models"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"

in_a_bucket = pytest.mark.parametrize(
    ("parameters", "name"), [(OWN, NAME), (OTHERS, "shared-models")], ids=["own", "another's"]
)


def reads(name: str) -> list[dict[str, Any]]:
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/models/*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{name}",
            "Condition": {"StringLike": {"s3:prefix": "models/*"}},
        },
    ]


def on_s3_and_kms(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in statements("PredictRole", **parameters) if str(each["Action"]).startswith(("s3", "kms"))]


def bucket(**parameters: Any) -> dict[str, Any]:
    properties: dict[str, Any] = Decided(SOURCE, **OWN | parameters)(SOURCE["Resources"]["Bucket"]["Properties"])
    return properties


def made(name: str, **parameters: Any) -> bool:
    """Whether a resource or an output is there with these parameters."""
    entry = SOURCE["Resources"].get(name) or SOURCE["Outputs"][name]
    decided: bool = Decided(SOURCE, **parameters)(SOURCE["Conditions"][entry["Condition"]])
    return decided


def test_unless_told_otherwise_models_are_in_the_image() -> None:
    assert environment("PredictFunction")["LIGHTSHIP_REGISTRY"] == "/var/task/models"
    assert "COPY models models" in (ROOT / "functions" / "predict" / "Dockerfile").read_text()
    assert on_s3_and_kms({}) == []
    assert len(statements("PredictRole")) == 1
    assert not any(made(name) for name in ("Bucket", "BucketRules", "BucketName", "RegistryUri"))


@in_a_bucket
def test_the_function_reads_models_in_the_bucket_and_may_do_nothing_else(parameters: dict[str, Any], name: str) -> None:
    assert environment("PredictFunction", **parameters)["LIGHTSHIP_REGISTRY"] == f"s3://{name}/models"
    assert on_s3_and_kms(parameters) == reads(name)
    assert len(statements("PredictRole", **parameters)) == 3


@in_a_bucket
def test_the_outputs_are_what_push_needs(parameters: dict[str, Any], name: str) -> None:
    decided = Decided(SOURCE, **parameters)
    for output, value in {"BucketName": name, "RegistryUri": f"s3://{name}/models"}.items():
        assert made(output, **parameters)
        assert decided(SOURCE["Outputs"][output]["Value"]) == value


def test_only_the_word_bucket_makes_one() -> None:
    assert made("Bucket", **OWN)
    assert made("BucketRules", **OWN)
    assert not made("Bucket", **OTHERS)


@pytest.mark.parametrize("name", ["Bucket", "BucketRules"])
def test_it_outlives_the_stack_and_so_does_what_guards_it(name: str) -> None:
    resource = SOURCE["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_nobody_outside_gets_in_and_nothing_is_lost_at_once() -> None:
    properties = bucket()
    blocked = properties["PublicAccessBlockConfiguration"]
    assert blocked == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketName" not in properties


def test_what_nobody_needs_goes() -> None:
    rules = bucket()["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    everywhere = [rule for rule in rules if "Prefix" not in rule and "Filter" not in rule]
    settings = {key: value for rule in everywhere for key, value in rule.items() if key not in {"Id", "Status"}}
    assert settings == {
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "ExpiredObjectDeleteMarker": True,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    }


def test_only_what_jobs_and_the_compile_worker_leave_behind_expires() -> None:
    """Nothing else does: not models, not what was dropped, not what came of it."""
    rules = bucket()["LifecycleConfiguration"]["Rules"]
    expiring = {rule.get("Prefix"): rule for rule in rules if "ExpirationInDays" in rule}
    days = {prefix: rule["ExpirationInDays"] for prefix, rule in expiring.items()}
    assert days == {"scratch/": 7, "uploads/": 7, "quarantine/": 1}
    for rule in expiring.values():
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_s3_encrypts_with_its_own_keys_or_with_yours() -> None:
    (own,) = bucket()["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert own == {"BucketKeyEnabled": False, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (yours,) = bucket(BucketKey=KEY)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert yours["BucketKeyEnabled"] is True
    assert yours["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


@in_a_bucket
def test_a_key_of_yours_may_be_used_to_read_from_s3_alone(parameters: dict[str, Any], name: str) -> None:
    *others, decrypt = on_s3_and_kms(parameters | {"BucketKey": KEY})
    assert others == reads(name)
    assert decrypt == {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    }


def test_a_key_without_a_bucket_is_refused() -> None:
    rule = SOURCE["Rules"]["BucketKeyNeedsABucket"]
    assert Decided(SOURCE, BucketKey=KEY)(rule["RuleCondition"])
    assert not Decided(SOURCE)(rule["RuleCondition"])
    (assertion,) = rule["Assertions"]
    assert not Decided(SOURCE)(assertion["Assert"])
    assert Decided(SOURCE, **OWN)(assertion["Assert"])


def denied() -> list[dict[str, Any]]:
    """The statements of the bucket's policy."""
    policy = Decided(SOURCE, **OWN)(SOURCE["Resources"]["BucketRules"]["Properties"])
    assert policy["Bucket"] == NAME
    return list(policy["PolicyDocument"]["Statement"])


def test_outputs_pieces_and_replies_are_created_and_never_replaced() -> None:
    assert denied()[0] == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [f"arn:aws:s3:::{NAME}/{prefix}/*" for prefix in ("batch/*/output", "scratch", "replies")],
        "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    }


def test_requests_without_tls_are_denied() -> None:
    assert denied()[1] == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_the_disk_and_the_memory_are_what_the_store_and_the_shelf_are_told() -> None:
    function = SOURCE["Resources"]["PredictFunction"]["Properties"]
    variables = environment("PredictFunction", ModelMemory=300, Disk=700)
    assert Decided(SOURCE, Disk=700)(function["EphemeralStorage"]) == {"Size": 700}
    assert (variables["LIGHTSHIP_MEMORY_MB"], variables["LIGHTSHIP_CACHE_MB"]) == ("300", "700")
    defaults = {name: SOURCE["Parameters"][name]["Default"] for name in ("ModelMemory", "Disk")}
    memory = [engine["Memory"] for engine in SOURCE["Mappings"]["EngineDefaults"].values()]
    assert defaults["ModelMemory"] * 2 <= min(*memory, defaults["Disk"])


@pytest.mark.parametrize("name", ["Registry", "BucketKey"])
def test_a_slip_of_the_pen_is_refused_before_anything_is_made(name: str) -> None:
    entry = SOURCE["Parameters"][name]
    good = {"Registry": ["image", "bucket", "shared-models", "a.b-c"], "BucketKey": ["none", KEY]}
    bad = {"Registry": ["", "s3://shared/models", "Bucket", "-a", "ab"], "BucketKey": ["", "alias/models", f"{KEY} "]}
    assert all(re.search(entry["AllowedPattern"], value) for value in good[name])
    assert not any(re.search(entry["AllowedPattern"], value) for value in bad[name])
