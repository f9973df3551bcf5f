"""Would the AWS CLI take these commands, one a line? Its own parser judges them, and each `--query` is asked of an answer with all that the
service may say. Nothing is sent: the call is taken over where it would go out."""

import io
import json
import os
import shlex
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout

from awscli.botocore.awsrequest import AWSResponse
from awscli.botocore.utils import ArgumentGenerator
from awscli.clidriver import create_clidriver

# what stands for something of the user's, where the CLI looks at its form
FILLED = {
    "REGION": "us-east-1", "RATE": "100", "BURST": "50", "LIMIT": "1000",
    "CERTIFICATE_ARN": "arn:aws:acm:us-east-1:111122223333:certificate/1",
}


def answer(model, **_):
    """An answer with every member that the service may give."""
    parsed = ArgumentGenerator().generate_skeleton(model.output_shape) if model.output_shape else {}
    return AWSResponse("", 200, {}, None), parsed


def judge(line):
    """What is wrong with a command; nothing if nothing is."""
    for name, value in FILLED.items():
        line = line.replace(name, value)
    driver = create_clidriver()
    driver.session.register("before-call", answer)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = driver.main([*shlex.split(line)[1:], "--output", "json"])
        except SystemExit as end:
            status = end.code
    if status:
        return err.getvalue().strip().splitlines()[-1]
    told = json.loads(out.getvalue() or "{}")
    # a filter may leave nothing over
    if "--query" in line and "[?" not in line and lacks(told):
        return "the answer has nothing of what `--query` asks for"
    return None


def lacks(told):
    """Whether something that was asked for is not there."""
    return told is None or told == [] or (isinstance(told, list) and any(map(lacks, told)))


def main():
    os.environ.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="example", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    lines = [line.strip() for line in sys.stdin if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("policy.json", "w") as policy:
            policy.write("{}")
        faults = [f"{line}: {fault}" for line in lines if (fault := judge(line))]
    print("\n".join(faults) or f"{len(lines)} commands are good")
    sys.exit(bool(faults or not lines))


main()
