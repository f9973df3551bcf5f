"""Sets up a moto server that checks signatures, and asks it who the holder of given credentials is.

`setup URL` makes a user, a role that the user may take, and one that it may not, and prints the user's key.
`whoami URL KEY SECRET TOKEN` prints the ARN.
"""

import json
import sys

import boto3

what, url, *keys = sys.argv[1:]


def client(service, key, secret, token=None):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )


if what == "whoami":
    print(client("sts", *keys).get_caller_identity()["Arn"])
    sys.exit()

# the server takes three calls unchecked: those that make the first user
iam = client("iam", "nobody", "nobody")
iam.create_user(UserName="probe")
key = iam.create_access_key(UserName="probe")["AccessKey"]
allow = {"Effect": "Allow", "Action": ["sts:*", "iam:*"], "Resource": "*"}
iam.put_user_policy(UserName="probe", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
iam = client("iam", key["AccessKeyId"], key["SecretAccessKey"])
role = iam.create_role(
    RoleName="probe", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
)
iam.put_role_policy(RoleName="probe", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
print(json.dumps({"id": key["AccessKeyId"], "secret": key["SecretAccessKey"], "role": role["Role"]["Arn"]}))
