"""The registry in a bucket: settings, permissions, retention and encryption."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.template.evaluated import ROOT, SOURCE, Evaluated, environment, statements

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
    properties: dict[str, Any] = Evaluated(SOURCE, **OWN | parameters)(SOURCE["Resources"]["Bucket"]["Properties"])
    return properties


def made(name: str, **parameters: Any) -> bool:
    """Return whether a resource or an output is created with these parameters."""
    entry = SOURCE["Resources"].get(name) or SOURCE["Outputs"][name]
    evaluated: bool = Evaluated(SOURCE, **parameters)(SOURCE["Conditions"][entry["Condition"]])
    return evaluated


def test_registry_default_is_image() -> None:
    assert environment("PredictFunction")["LIGHTSHIP_REGISTRY"] == "/var/task/models"
    assert "COPY models models" in (ROOT / "functions" / "predict" / "Dockerfile").read_text()
    assert on_s3_and_kms({}) == []
    assert len(statements("PredictRole")) == 1
    assert not any(made(name) for name in ("Bucket", "BucketRules", "BucketName", "RegistryUri"))


@in_a_bucket
def test_predict_role_only_reads_models_of_bucket(parameters: dict[str, Any], name: str) -> None:
    assert environment("PredictFunction", **parameters)["LIGHTSHIP_REGISTRY"] == f"s3://{name}/models"
    assert on_s3_and_kms(parameters) == reads(name)
    assert len(statements("PredictRole", **parameters)) == 3


@in_a_bucket
def test_outputs_name_bucket_and_registry(parameters: dict[str, Any], name: str) -> None:
    evaluated = Evaluated(SOURCE, **parameters)
    for output, value in {"BucketName": name, "RegistryUri": f"s3://{name}/models"}.items():
        assert made(output, **parameters)
        assert evaluated(SOURCE["Outputs"][output]["Value"]) == value


def test_bucket_is_created_only_with_registry_bucket() -> None:
    assert made("Bucket", **OWN)
    assert made("BucketRules", **OWN)
    assert not made("Bucket", **OTHERS)


@pytest.mark.parametrize("name", ["Bucket", "BucketRules"])
def test_bucket_and_policy_are_retained(name: str) -> None:
    resource = SOURCE["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_bucket_blocks_public_access_and_is_versioned() -> None:
    properties = bucket()
    blocked = properties["PublicAccessBlockConfiguration"]
    assert blocked == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketName" not in properties


def test_bucket_old_versions_and_incomplete_uploads_expire() -> None:
    rules = bucket()["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    everywhere = [rule for rule in rules if "Prefix" not in rule and "Filter" not in rule]
    settings = {key: value for rule in everywhere for key, value in rule.items() if key not in {"Id", "Status"}}
    assert settings == {
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "ExpiredObjectDeleteMarker": True,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    }


def test_bucket_only_temporary_prefixes_expire() -> None:
    """Models, dropped files and results never expire."""
    rules = bucket()["LifecycleConfiguration"]["Rules"]
    expiring = {rule.get("Prefix"): rule for rule in rules if "ExpirationInDays" in rule}
    days = {prefix: rule["ExpirationInDays"] for prefix, rule in expiring.items()}
    assert days == {"scratch/": 7, "uploads/": 7, "quarantine/": 1}
    for rule in expiring.values():
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_bucket_is_encrypted_with_s3_or_kms_key() -> None:
    (own,) = bucket()["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert own == {"BucketKeyEnabled": False, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (yours,) = bucket(BucketKey=KEY)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert yours["BucketKeyEnabled"] is True
    assert yours["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


@in_a_bucket
def test_predict_role_uses_kms_key_through_s3_only(parameters: dict[str, Any], name: str) -> None:
    *others, decrypt = on_s3_and_kms(parameters | {"BucketKey": KEY})
    assert others == reads(name)
    assert decrypt == {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    }


def test_bucket_key_without_bucket_is_refused() -> None:
    rule = SOURCE["Rules"]["BucketKeyNeedsABucket"]
    assert Evaluated(SOURCE, BucketKey=KEY)(rule["RuleCondition"])
    assert not Evaluated(SOURCE)(rule["RuleCondition"])
    (assertion,) = rule["Assertions"]
    assert not Evaluated(SOURCE)(assertion["Assert"])
    assert Evaluated(SOURCE, **OWN)(assertion["Assert"])


def denied() -> list[dict[str, Any]]:
    """Return the statements of the bucket's policy."""
    policy = Evaluated(SOURCE, **OWN)(SOURCE["Resources"]["BucketRules"]["Properties"])
    assert policy["Bucket"] == NAME
    return list(policy["PolicyDocument"]["Statement"])


def test_bucket_policy_denies_replacing_outputs_and_replies() -> None:
    assert denied()[0] == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [f"arn:aws:s3:::{NAME}/{prefix}/*" for prefix in ("batch/*/output", "scratch", "replies")],
        "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    }


def test_bucket_policy_denies_requests_without_tls() -> None:
    assert denied()[1] == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_disk_and_model_memory_match_cache_limits() -> None:
    function = SOURCE["Resources"]["PredictFunction"]["Properties"]
    variables = environment("PredictFunction", ModelMemory=300, Disk=700)
    assert Evaluated(SOURCE, Disk=700)(function["EphemeralStorage"]) == {"Size": 700}
    assert (variables["LIGHTSHIP_MEMORY_MB"], variables["LIGHTSHIP_CACHE_MB"]) == ("300", "700")
    defaults = {name: SOURCE["Parameters"][name]["Default"] for name in ("ModelMemory", "Disk")}
    memory = [engine["Memory"] for engine in SOURCE["Mappings"]["EngineDefaults"].values()]
    assert defaults["ModelMemory"] * 2 <= min(*memory, defaults["Disk"])


@pytest.mark.parametrize("name", ["Registry", "BucketKey"])
def test_parameter_patterns_refuse_malformed_values(name: str) -> None:
    entry = SOURCE["Parameters"][name]
    good = {"Registry": ["image", "bucket", "shared-models", "a.b-c"], "BucketKey": ["none", KEY]}
    bad = {"Registry": ["", "s3://shared/models", "Bucket", "-a", "ab"], "BucketKey": ["", "alias/models", f"{KEY} "]}
    assert all(re.search(entry["AllowedPattern"], value) for value in good[name])
    assert not any(re.search(entry["AllowedPattern"], value) for value in bad[name])
