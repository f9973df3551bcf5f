#!/usr/bin/env python3
"""Does Systems Manager take this document? moto's stands in for it: creates it and tells back what it read."""

import json
import os
import sys

import boto3
from moto import mock_aws

# nothing of this leaves the process, and nothing of the environment may lead it elsewhere
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_EC2_METADATA_DISABLED="true")

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
with mock_aws():
    ssm = boto3.client("ssm", region_name="us-east-1")
    created = ssm.create_document(Content=text, Name="apigw-probe-once", DocumentType="Command", DocumentFormat="JSON")
    told = created["DocumentDescription"]
    parameters = json.loads(text)["parameters"]
    assert told["SchemaVersion"] == "2.2", told
    assert {parameter["Name"] for parameter in told["Parameters"]} == set(parameters), told
    assert json.loads(ssm.get_document(Name="apigw-probe-once")["Content"]) == json.loads(text)
    sent = ssm.send_command(
        DocumentName="apigw-probe-once",
        InstanceIds=["i-1234567890abcdef0"],
        Parameters={"InvokeUrl": ["https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test"]},
    )
    assert sent["Command"]["DocumentName"] == "apigw-probe-once", sent
