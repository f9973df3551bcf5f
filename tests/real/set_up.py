#!/usr/bin/env python3
"""Do the two accounts' stacks come to be, in their order? moto's CloudFormation stands in for AWS's, with two accounts.

What moto's CloudFormation leaves out is taught to it below, with calls of moto's own services; what moto cannot do at
all is in contrib/cloudformation/README.md. Prints what the test goes on with.
"""

import ast
import base64
import json
import os
import sys

# nothing of this leaves the process, and nothing of the environment may lead it elsewhere
for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
    del os.environ[name]
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_EC2_METADATA_DISABLED="true")

import boto3
from moto import mock_aws
from moto.apigateway.models import Method, RestAPI, apigateway_backends
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.vpcs import VPCEndPoint
from moto.iam.models import Role, iam_backends
from moto.route53.models import FakeZone, route53_backends

A, B, REGION = "111122223333", "222233334444", "us-east-1"


def taught(model):
    """The function makes the model's resources from now on, of their properties."""

    def teach(make):
        def create(cls, name, json_, account, region, **_):
            return make(json_["Properties"], account, region)

        model.create_from_cloudformation_json = classmethod(create)

    return teach


class Stage(CloudFormationModel):
    """moto's CloudFormation has no stages."""

    __module__ = "moto.apigateway"  # where moto counts it

    @staticmethod
    def cloudformation_name_type():
        return "StageName"

    @staticmethod
    def cloudformation_type():
        return "AWS::ApiGateway::Stage"


@taught(Stage)
def make_stage(told, account, region):
    # a deployment of moto's has no name, so that a reference to it gives the whole of it
    backend = apigateway_backends[account][region]
    backend.create_stage(told["RestApiId"], told["StageName"], told["DeploymentId"].id)
    stage = Stage()
    stage.physical_resource_id = told["StageName"]
    return stage


# moto knows no attribute of an endpoint, and gives it one name, of another form than AWS's: here are all, in their documented order
VPCEndPoint.has_cfn_attr = classmethod(lambda cls, name: name == "DnsEntries")
make_endpoint_of_moto = VPCEndPoint.create_from_cloudformation_json


@taught(VPCEndPoint)
def make_endpoint(told, account, region):
    endpoint = make_endpoint_of_moto(None, {"Properties": told}, account, region)
    own = f"{endpoint.id}-f3ghijkl"
    names = [own, f"{own}-{region}a", f"{own}-{region}b"]
    names = [f"{name}.execute-api.{region}.vpce.amazonaws.com" for name in names]
    names += [f"{wildcard}execute-api.{region}.amazonaws.com" for wildcard in ("", "*.")]
    entries = [f"Z{number}EXAMPLE:{name}" for number, name in enumerate(names)]
    endpoint.get_cfn_attribute = {"DnsEntries": entries}.__getitem__
    return endpoint


@taught(RestAPI)
def make_api(told, account, region):
    """moto drops the policy."""
    endpoints = told["EndpointConfiguration"]
    return apigateway_backends[account][region].create_rest_api(
        name=told["Name"],
        description="",
        endpoint_configuration={"types": endpoints["Types"], "vpcEndpointIds": endpoints["VpcEndpointIds"]},
        policy=json.dumps(told["Policy"]),
    )


@taught(Method)
def make_method(told, account, region):
    """moto wants a URI, which a mock integration has not, and drops templates and responses."""
    backend = apigateway_backends[account][region]
    where = (told["RestApiId"], told["ResourceId"], told["HttpMethod"])
    method = backend.put_method(*where, authorization_type=told["AuthorizationType"])
    integration = told["Integration"]
    templates = integration["RequestTemplates"]
    backend.put_integration(*where, integration["Type"], None, None, request_templates=templates)
    for answer in told["MethodResponses"]:
        backend.put_method_response(*where, answer["StatusCode"], None, None)
    for answer in integration["IntegrationResponses"]:
        backend.put_integration_response(*where, answer["StatusCode"], None, answer["ResponseTemplates"], None)
    return method


make_role_of_moto = Role.create_from_cloudformation_json


@taught(Role)
def make_role(told, account, region):
    """moto drops the managed policies."""
    role = make_role_of_moto(f"role-{len(iam_backends[account]['aws'].roles)}", {"Properties": told}, account, region)
    for arn in told["ManagedPolicyArns"]:
        iam_backends[account]["aws"].attach_role_policy(arn, role.name)
    return role


@taught(Instance)
def make_instance(told, account, region):
    """moto takes no launch template."""
    reservation = ec2_backends[account][region].run_instances(
        image_id=None,
        count=1,
        user_data=None,
        security_group_names=[],
        is_instance_type_default=True,
        instance_type=None,
        subnet_id=told["SubnetId"],
        launch_template=told["LaunchTemplate"],
    )
    return reservation.instances[0]


@taught(FakeZone)
def make_zone(told, account, region):
    """moto makes every zone a public one."""
    (vpc,) = told["VPCs"]
    backend = route53_backends[account]["aws"]
    return backend.create_hosted_zone(told["Name"], private_zone=True, vpcid=vpc["VPCId"], vpcregion=vpc["VPCRegion"])


class Account:
    """An account, seen by a role of its own."""

    def __init__(self, number):
        role = f"arn:aws:iam::{number}:role/administrator"
        keys = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        self.session = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        )

    def __getattr__(self, service):
        return self.session.client(service)

    def stack(self, name, template, **parameters):
        """Makes a stack, and tells its outputs and its resources by their logical ids."""
        with open(template, encoding="utf-8") as file:
            body = file.read()
        told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        self.cloudformation.create_stack(
            StackName=name, TemplateBody=body, Parameters=told, Capabilities=["CAPABILITY_IAM"]
        )
        stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        resources = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return (
            {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
            # those whose condition does not hold are listed too, without a name
            {one["LogicalResourceId"]: one.get("PhysicalResourceId") for one in resources if "LogicalResourceId" in one},
        )


def equal(found, wanted):
    assert found == wanted, f"\nfound  {found}\nwanted {wanted}"


def documented_pair(endpoint, allowed):
    """Deny all but this endpoint, and allow: as AWS documents it for a private API."""
    invoke = {"Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/*"}
    elsewhere = {"StringNotEquals": {"aws:sourceVpce": endpoint}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", **invoke, "Condition": elsewhere},
            {"Effect": "Allow", "Principal": allowed, **invoke},
        ],
    }


def look_at_the_endpoint(account, outputs, network, resource, private_dns, sources):
    vpc, subnets = network
    (endpoint,) = account.ec2.describe_vpc_endpoints(VpcEndpointIds=[outputs["VpcEndpointId"]])["VpcEndpoints"]
    equal(endpoint["ServiceName"], f"com.amazonaws.{REGION}.execute-api")
    equal((endpoint["VpcEndpointType"], endpoint["VpcId"]), ("Interface", vpc))
    equal((endpoint["SubnetIds"], endpoint["PrivateDnsEnabled"]), (subnets, private_dns))
    allow = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource}
    # moto writes it as Python would
    equal(ast.literal_eval(endpoint["PolicyDocument"]), {"Version": "2012-10-17", "Statement": [allow]})
    (group,) = [group["GroupId"] for group in endpoint["Groups"]]
    (group,) = account.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    rules = [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["IpPermissions"]]
    equal(set(rules), {("tcp", 443, 443)})
    pairs = {pair["GroupId"] for rule in group["IpPermissions"] for pair in rule["UserIdGroupPairs"]}
    ranges = {one["CidrIp"] for rule in group["IpPermissions"] for one in rule["IpRanges"]}
    equal((pairs, ranges), ({outputs["ClientSecurityGroupId"]}, sources))


def look_at_the_role(account, outputs, wanted):
    role = outputs["AgentRoleArn"].rsplit("/", 1)[1]
    attached = account.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    equal([policy["PolicyName"] for policy in attached], ["AmazonSSMManagedInstanceCore"])
    actions = set()
    for name in account.iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = account.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            listed = statement["Action"]
            listed = [listed] if isinstance(listed, str) else listed
            actions |= {(action, statement["Resource"]) for action in listed}
    equal(actions, wanted)


def look_at_the_api(account, resources, endpoint, allowed, authorization, deployment):
    api = resources["Api"]
    found = account.apigateway.get_rest_api(restApiId=api)
    equal(found["endpointConfiguration"], {"types": ["PRIVATE"], "vpcEndpointIds": [endpoint]})
    policy = json.loads(found["policy"])
    equal(policy, documented_pair(endpoint, allowed))
    (root,) = account.apigateway.get_resources(restApiId=api)["items"]
    method = account.apigateway.get_method(restApiId=api, resourceId=root["id"], httpMethod="ANY")
    equal((root["path"], method["authorizationType"]), ("/", authorization))
    equal(method["methodIntegration"]["type"], "MOCK")
    equal(method["methodIntegration"]["requestTemplates"], {"application/json": '{"statusCode": 200}'})
    equal(list(method["methodIntegration"]["integrationResponses"]), ["200"])
    equal(list(method["methodResponses"]), ["200"])
    (stage,) = account.apigateway.get_stages(restApiId=api)["item"]
    (only,) = account.apigateway.get_deployments(restApiId=api)["items"]
    equal((stage["stageName"], stage["deploymentId"]), ("test", only["id"]))
    equal([name for name in resources if name.startswith("Deployment")], [deployment])
    return policy


def network(account):
    vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = lambda part, zone: account.ec2.create_subnet(VpcId=vpc, CidrBlock=part, AvailabilityZone=REGION + zone)
    return vpc, [subnet(*one)["Subnet"]["SubnetId"] for one in [("10.0.1.0/24", "a"), ("10.0.2.0/24", "b")]]


def main(template_a, template_b):
    a, b = Account(A), Account(B)
    vpc, subnets = network(a)
    in_a = {"VpcId": vpc, "SubnetIds": ",".join(subnets), "ApiAccountId": B}

    # step 1: account A's endpoint
    first, resources = a.stack("step-1", template_a, ClientCidr="10.0.0.0/16", **in_a)
    any_api = f"arn:aws:execute-api:{REGION}:{B}:*"
    look_at_the_endpoint(a, first, (vpc, subnets), any_api, private_dns=True, sources={"10.0.0.0/16"})
    look_at_the_role(a, first, set())
    equal([name for name in resources if name.startswith("Agent") and name not in ("AgentRole", "AgentProfile")], [])
    equal(a.ec2.describe_instances()["Reservations"], [])

    # step 2: its id to account B
    second, resources = b.stack("step-2", template_b, VpcEndpointId=first["VpcEndpointId"])
    policy = look_at_the_api(b, resources, first["VpcEndpointId"], "*", "NONE", "DeploymentA")
    api = resources["Api"]
    equal(second, {"InvokeUrl": f"https://{api}.execute-api.{REGION}.amazonaws.com/test"})

    # step 3: the invoke URL back to account A. An update in life; moto's updates know no conditions
    given = {
        "InvokeUrl": second["InvokeUrl"],
        "PackageUrl": "https://packages.example.com/apigw-probe.rpm?signature=a%2Fb",
        "PackageSha256": "0123456789abcdef" * 4,
    }
    third, resources = a.stack("step-3", template_a, **in_a, **given)
    this_api = f"arn:aws:execute-api:{REGION}:{B}:{api}/*"
    look_at_the_endpoint(a, third, (vpc, subnets), this_api, private_dns=True, sources=set())
    look_at_the_role(a, third, set())
    scripts = [user_data(a, third, resources, subnets)]

    # the same with everything that can be asked for
    given.update(Auth="both", DoctorReads="true", PrivateDns="false", PrivateName=f"{api}.execute-api.{REGION}.amazonaws.com")
    everything, resources = a.stack("everything", template_a, **in_a, **given)
    look_at_the_endpoint(a, everything, (vpc, subnets), this_api, private_dns=False, sources=set())
    reads = {"NetworkInterfaces", "SecurityGroups", "Subnets", "VpcAttribute", "VpcEndpoints"}
    reads = {(f"ec2:Describe{what}", "*") for what in reads}
    look_at_the_role(a, everything, reads | {("execute-api:Invoke", this_api)})
    (zone,) = a.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)["HostedZoneSummaries"]
    equal(zone["Name"].rstrip("."), given["PrivateName"])
    records = a.route53.list_resource_record_sets(HostedZoneId=zone["HostedZoneId"])["ResourceRecordSets"]
    (alias,) = [record["AliasTarget"] for record in records if record["Type"] == "A"]
    equal((alias["DNSName"], alias["HostedZoneId"]), (everything["VpceDnsName"], "Z0EXAMPLE"))
    scripts.append(user_data(a, everything, resources, subnets))

    # signed callers of account A, deployed anew
    callers = [everything["AgentRoleArn"], A]
    signed, resources = b.stack(
        "signed", template_b, VpcEndpointId=everything["VpcEndpointId"], SignedCallers=",".join(callers), Deployment="b"
    )
    look_at_the_api(b, resources, everything["VpcEndpointId"], {"AWS": callers}, "AWS_IAM", "DeploymentB")

    # neither account sees what the other has
    equal(a.apigateway.get_rest_apis()["items"], [])
    equal(b.ec2.describe_vpc_endpoints()["VpcEndpoints"], [])

    said = {"invoke_url": second["InvokeUrl"], "vpce_dns_name": first["VpceDnsName"], "resource_policy": policy}
    print(json.dumps({**said, "doctor_reads": sorted(action for action, _ in reads), "user_data": scripts}))


def user_data(account, outputs, resources, subnets):
    """What the instance runs at its first boot; the instance is what the template says."""
    (reservation,) = account.ec2.describe_instances(InstanceIds=[outputs["AgentInstanceId"]])["Reservations"]
    (instance,) = reservation["Instances"]
    equal((instance["SubnetId"], instance["InstanceType"]), (subnets[0], "t3.micro"))
    equal([group["GroupId"] for group in instance["SecurityGroups"]], [outputs["ClientSecurityGroupId"]])
    version = account.ec2.describe_launch_template_versions(LaunchTemplateId=resources["AgentTemplate"])
    told = version["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    equal((told["MetadataOptions"]["HttpTokens"], told["MetadataOptions"]["HttpPutResponseHopLimit"]), ("required", 1))
    assert told["ImageId"].startswith("ami-"), told
    given = account.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    return base64.b64decode(given["UserData"]["Value"]).decode()


with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
    main(*sys.argv[1:])
