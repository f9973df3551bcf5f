"""Makes the documented set-up on two moto servers: account A on one that checks signatures and policies, account B on one that does
not, since moto cannot check those of GET requests to API Gateway, botocore's included.

`setup URL_A URL_B` makes an endpoint and a user who may do nothing, a private API with its stage and a role; prints their ids.
`grant URL_A KEY SECRET POLICY` gives the user a policy, by the keys of one who may.
"""

import json
import sys

import boto3

what, url_a, *rest = sys.argv[1:]


def client(service, url, key, secret):
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


if what == "grant":
    key, secret, policy = rest
    client("iam", url_a, key, secret).put_user_policy(UserName="instance", PolicyName="p", PolicyDocument=policy)
    sys.exit()
(url_b,) = rest

# the server takes three calls unchecked: those that make the first user
iam = client("iam", url_a, "nobody", "nobody")
iam.create_user(UserName="admin")
admin = iam.create_access_key(UserName="admin")["AccessKey"]
everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=document(everything))
keys = (admin["AccessKeyId"], admin["SecretAccessKey"])
iam, ec2 = client("iam", url_a, *keys), client("ec2", url_a, *keys)
api, iam_b = client("apigateway", url_b, "b", "b"), client("iam", url_b, "b", "b")

vpc = ec2.create_vpc(CidrBlock="10.66.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.66.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]


def group(name):
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


own, admitting = group("own"), group("admitting")
pair = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": own}]}]
ec2.authorize_security_group_ingress(GroupId=admitting, IpPermissions=pair)
endpoint = ec2.create_vpc_endpoint(
    VpcId=vpc,
    ServiceName="com.amazonaws.us-east-1.execute-api",
    VpcEndpointType="Interface",
    SubnetIds=[subnet],
    SecurityGroupIds=[admitting],
    PrivateDnsEnabled=True,
)["VpcEndpoint"]["VpcEndpointId"]

invoke = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/*"}
other = {"StringNotEquals": {"aws:SourceVpce": endpoint}}
policy = document({"Effect": "Deny", **invoke, "Condition": other}, {"Effect": "Allow", **invoke})
configuration = {"types": ["PRIVATE"], "vpcEndpointIds": [endpoint]}
rest_api = api.create_rest_api(name="orders", endpointConfiguration=configuration, policy=policy)["id"]
root = api.get_resources(restApiId=rest_api)["items"][0]["id"]
api.put_method(restApiId=rest_api, resourceId=root, httpMethod="ANY", authorizationType="NONE")
api.put_integration(restApiId=rest_api, resourceId=root, httpMethod="ANY", type="MOCK")
deployment = api.create_deployment(restApiId=rest_api, stageName="test")["id"]

trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
role = iam_b.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.create_user(UserName="instance")
reader = iam.create_access_key(UserName="instance")["AccessKey"]
made = {
    "admin": keys,
    "keys": (reader["AccessKeyId"], reader["SecretAccessKey"]),
    "role": role,
    "vpc": vpc,
    "subnet": subnet,
    "own": own,
    "admitting": admitting,
    "endpoint": endpoint,
    "api": rest_api,
    "deployment": deployment,
}
print(json.dumps(made))
