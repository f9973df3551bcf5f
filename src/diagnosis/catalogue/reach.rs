//! What can be wrong on the way: connection, TLS, whoever answers?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Likely, Possible},
    Owner,
};

pub(super) const CONNECT_TIMEOUT: Entry = Entry {
    title: "port 443 of the endpoint does not answer: a security group, a network ACL or a route",
    owner: Owner::AccountA,
    meaning: "SYN packets vanish. Most often the endpoint's security group does not admit the client; then the client's own \
              egress, network ACLs of either subnet, and, from another network, the route.",
    shows: "every address of the name times out, or a router says that it cannot be reached.",
    ceiling: Likely,
    fix: &[
        "{unless groups-let-in}see the endpoint's groups: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].Groups'`",
        "{unless groups-let-in}admit the client, another network with `--cidr` in place of `--source-group`: `aws ec2 authorize-security-group-ingress --group-id ENDPOINT_GROUP --protocol tcp --port 443 --source-group CLIENT_GROUP --region {region}`",
        "{unless groups-let-out}see that the client's group lets TCP 443 out; if it does not: `aws ec2 authorize-security-group-egress --group-id CLIENT_GROUP --protocol tcp --port 443 --source-group ENDPOINT_GROUP --region {region}`",
        "see that network ACLs let TCP 443 to the endpoint and 1024-65535 back, on the subnets of both: `aws ec2 describe-network-acls --region {region} --filters Name=association.subnet-id,Values=SUBNET`",
        "from a peered VPC, a transit gateway or on-premises: see the routes both ways",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html",
};

pub(super) const CONNECTION_REFUSED: Entry = Entry {
    title: "the connection is refused: what has this address is not an endpoint, or a firewall rejects",
    owner: Owner::Network,
    meaning: "An endpoint's interface never refuses port 443. A stale address, another machine, or a firewall on the way or \
              on this host does.",
    shows: "RST in answer to SYN, or this host's own refusal.",
    ceiling: Likely,
    fix: &[
        "see whose address it is; an endpoint's says vpc_endpoint and {vpce}: `aws ec2 describe-network-interfaces --region {region} --filters {address-filter} --query 'NetworkInterfaces[].[NetworkInterfaceId,InterfaceType,Description]'`",
        "look into /etc/hosts and caching resolvers for stale addresses",
        "look for REJECT rules on this host: `nft list ruleset`",
    ],
    docs: "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
};

pub(super) const ONE_ADDRESS_DOWN: Entry = Entry {
    title: "one of the endpoint's addresses takes no connection, others do",
    owner: Owner::AccountA,
    meaning: "An endpoint has one address in each Availability Zone. One that is blocked or unhealthy makes a part of all calls \
              slow or fail, whichever client picks it.",
    shows: "a connection to one address fails while another address of the same name takes one. What fails later is told by its own cause, with the address.",
    ceiling: Likely,
    fix: &[
        "find its interface: `aws ec2 describe-network-interfaces --region {region} --filters {address-filter}`",
        "{if different-endpoint public-addresses}where the endpoint's own name does not lead to it, look for the name that does in /etc/hosts, in private hosted zones of the VPC, and in Route 53 profiles",
        "{unless elsewhere}see the network ACL and the route table of that interface's subnet",
        "{unless elsewhere}until then, take the zone out; its clients then go to another: `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --remove-subnet-ids SUBNET --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
};

pub(super) const NO_ROUTE_FOR_FAMILY: Entry = Entry {
    title: "the name has IPv6 addresses only, and this host has no IPv6 route",
    owner: Owner::AccountA,
    meaning: "What an endpoint's names answer follows its DNS record type. On a host without IPv6 an AAAA answer beside an A \
              answer is no fault; alone it leaves no way.",
    shows: "no address of the name can be tried, for want of a route for its family.",
    ceiling: Likely,
    fix: &[
        "`aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --ip-address-type dualstack --dns-options DnsRecordIpType=dualstack --region {region}`",
        "or give this host an IPv6 address and route",
    ],
    docs: "https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html",
};

pub(super) const HOST_OUT_OF_RESOURCES: Entry = Entry {
    title: "this host has no socket to give: descriptors, ports or memory ran out",
    owner: Owner::Caller,
    meaning: "The probe could not even open a socket, so that it says nothing about the API, the endpoint or the network. Other \
              programs on this host are likely to fare the same.",
    shows: "the operating system refuses a socket or a local port; no packet was sent.",
    ceiling: Likely,
    fix: &[
        "compare the open files of the process with its limit: `ls /proc/PID/fd` and `/proc/PID/limits`; the service's limit is `LimitNOFILE=`",
        "see who holds ports: `ss -s`",
        "probe less at once: `max_in_flight` in the configuration",
    ],
    docs: "https://man7.org/linux/man-pages/man2/socket.2.html",
};

pub(super) const MTU_BLACK_HOLE: Entry = Entry {
    title: "the path's MTU: small packets pass, large ones seem to vanish",
    owner: Owner::Network,
    meaning: "TCP connects, then the handshake stalls, since the certificate does not fit the packets that a tunnel lets \
              through, and the message that says so is filtered.",
    shows: "the connection is made, the TLS handshake does not end.",
    ceiling: Possible,
    fix: &[
        "try this and smaller sizes, towards something beyond the tunnel that answers: `ping -M do -s 1472 {address}`",
        "let ICMP type 3 code 4 pass, or clamp the MSS: `nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu`",
    ],
    docs: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html",
};

pub(super) const TLS_NAME_MISMATCH: Entry = Entry {
    title: "the certificate does not cover the name that was asked for",
    owner: Owner::Network,
    meaning: "What answers is not the endpoint under this name: a load balancer or proxy in front of it, or another host.",
    shows: "the certificate's names do not include the SNI.",
    ceiling: Likely,
    fix: &[
        "find out what has these addresses: the names of an endpoint lead to its interfaces, not to a load balancer",
        "call one of the four documented names; a name of your own needs a private custom domain name",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html",
};

pub(super) const TLS_UNTRUSTED_ISSUER: Entry = Entry {
    title: "the certificate comes from an authority that is not trusted",
    owner: Owner::Network,
    meaning: "AWS's certificates come from Amazon Trust Services. Another issuer means that something between decrypts the \
              traffic, or that another host answers.",
    shows: "no trusted root signed the certificate.",
    ceiling: Likely,
    fix: &[
        "{if names-issuer}where a certificate came, see its issuer in the evidence: it mostly names the product that intercepts",
        "exempt execute-api.{region}.{suffix} and vpce.{suffix} from inspection",
        "if the issuer is an intermediate authority, the server must send its certificate too: an incomplete chain fails in most clients",
        "or, if interception is meant, trust its authority: `--ca-file PEM`, or `--system-roots` where the host trusts it",
    ],
    docs: "https://www.amazontrust.com/repository/",
};

pub(super) const CERTIFICATE_EXPIRED: Entry = Entry {
    title: "the certificate is outside its validity, by this host's clock",
    owner: Owner::Network,
    meaning: "AWS renews its certificates long before their end. A proxy's may lapse; and a wrong clock makes a good one look bad.",
    shows: "now is before the certificate's start or after its end.",
    ceiling: Likely,
    fix: &[
        "see this host's clock: `chronyc tracking` or `timedatectl`",
        "{if names-issuer}where a certificate came, see its issuer in the evidence: if it is not Amazon, whoever runs the proxy must renew",
    ],
    docs: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html",
};

pub(super) const CERTIFICATE_INVALID: Entry = Entry {
    title: "the certificate, or an authority of its chain, breaks a rule, so that clients reject it",
    owner: Owner::Network,
    meaning: "The certificate is malformed or for another purpose, an authority was not allowed to issue it, or the server does not \
              hold its key. The certificates of AWS's names are in order: something in between shows another, or another host answers.",
    shows: "the handshake ends when the certificate comes; the evidence says which rule is broken.",
    ceiling: Likely,
    fix: &[
        "{if names-issuer}where a certificate came, see its issuer in the evidence: it mostly names the product that intercepts",
        "exempt execute-api.{region}.{suffix} and vpce.{suffix} from inspection",
        "if the server is meant to answer, its owner must replace the certificate, or send the right chain with it",
    ],
    docs: "https://www.rfc-editor.org/rfc/rfc5280#section-6",
};

pub(super) const CERTIFICATE_NOT_SUPPORTED: Entry = Entry {
    title: "this probe cannot verify this kind of certificate; other clients may",
    owner: Owner::Caller,
    meaning: "A limit of this probe's TLS library, no fault of the certificate's authority. It verifies ECDSA keys (P-256, P-384, \
              P-521), Ed25519 keys, and RSA keys of 2048 to 8192 bits, signed with SHA-256 or stronger; not RSASSA-PSS or Ed448 keys, SHA-1, \
              more than six intermediate authorities, critical extensions that it does not know, or chains above 64 KiB.",
    shows: "the handshake ends when the certificate comes, and the evidence says what is not supported; or the server has no other certificate and sends the alert `handshake_failure`.",
    ceiling: Likely,
    fix: &[
        "see what another client says: `openssl s_client -connect {endpoint}:443 -servername {endpoint} -verify_return_error`",
        "if it accepts the certificate, the path works for such clients; this probe needs a certificate of a kind that it supports",
        "the certificates of AWS's names are of such kinds: on these, find out what in between shows another",
    ],
    docs: "https://docs.rs/rustls/latest/rustls/manual/_04_features/index.html",
};

pub(super) const ROOT_CERTIFICATE_EXPIRED: Entry = Entry {
    title: "a root in `--ca-file` has expired: this probe accepts it, most other clients do not",
    owner: Owner::Caller,
    meaning: "The dates of a trusted root are not part of the verification (RFC 5280, 6.1), and this probe goes by that. OpenSSL does \
              look at them, and with it curl and most clients, which say `certificate has expired` where the probe says `ok`.",
    shows: "the server's certificate leads to no other trusted root than one that has expired, by this host's clock.",
    ceiling: Likely,
    fix: &[
        "get the authority's current root, and give that: `--ca-file` (in a configuration `ca_file`)",
        "give it to the clients as well",
    ],
    docs: "https://www.rfc-editor.org/rfc/rfc5280#section-6.1",
};

pub(super) const TLS_VERSION: Entry = Entry {
    title: "server and client agree on no TLS version or cipher",
    owner: Owner::AccountB,
    meaning: "Private APIs take TLS 1.2 and later; an API's security policy may demand more than the client or a proxy between offers.",
    shows: "the server ends the handshake with an alert that says so (`protocol_version`, `handshake_failure`), or closes it.",
    ceiling: Likely,
    fix: &[
        "in account B, see the policy; while apiStatus is UPDATING, wait: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query '[securityPolicy,endpointAccessMode,apiStatus]'`",
        "see whether TLS 1.2 is taken: `openssl s_client -connect {endpoint}:443 -servername {endpoint} -tls1_2`",
        "and TLS 1.3: `openssl s_client -connect {endpoint}:443 -servername {endpoint} -tls1_3`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html",
};

pub(super) const PROXY_INTERFERENCE: Entry = Entry {
    title: "a proxy or firewall stands between and interferes",
    owner: Owner::Network,
    meaning: "Something on the way decrypts, answers in the endpoint's place, changes `Host` or `x-apigw-api-id`, or cuts handshakes by their name.",
    shows: "a certificate of an authority that only this host trusts, or of another than Amazon's; a proxy's headers; handshakes that are cut, or end with an alert which no endpoint sends; an experiment (`once \
            --experiment`) in which a header does not arrive; a signed call of which the service read something else than was signed.",
    ceiling: Likely,
    fix: &[
        "exempt execute-api.{region}.{suffix} and vpce.{suffix} from the proxy's inspection",
        "let a reverse proxy or load balancer in front pass `Host`, `x-apigw-api-id`, the path and the query unchanged; a signed call fails by any other change of what is signed",
        "for other clients on this host: `NO_PROXY=.execute-api.{region}.{suffix},.vpce.{suffix}`; this tool ignores proxy variables",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-vpc-connections",
};

pub(super) const NOT_API_GATEWAY: Entry = Entry {
    title: "something else than API Gateway answered",
    owner: Owner::Network,
    meaning: "The answer lacks `x-amz-apigw-id`, which API Gateway puts on every answer of a REST API and nobody else can. Load \
              balancers, proxies, Lambda function URLs and other AWS services look alike.",
    shows: "none of API Gateway's headers.",
    ceiling: Likely,
    fix: &[
        "find out what has these addresses: `aws ec2 describe-network-interfaces --region {region} --filters {address-filter}`",
        "{if names-server}where an answer names its server or a proxy, see `Server` and `Via` in the evidence",
        "see the names and the issuer of the certificate that came, in the JSON report",
        "to let only API Gateway's answers count, probe with `--require-api-gateway`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
};

pub(super) const ANSWERS_ANY_API: Entry = Entry {
    title: "an API that does not exist is answered as well, so that success proves nothing",
    owner: Owner::Network,
    meaning: "The canary is a call of a well-formed API id that nobody has; API Gateway refuses it. If an expected status comes back, something \
              between answers for every API, or sends every call to one: the other answers say nothing of the API that is meant.",
    shows: "with `--canary` or `canary = true`, an expected status for a made-up API id; an experiment may show it too.",
    ceiling: Likely,
    fix: &[
        "find out what has these addresses: `aws ec2 describe-network-interfaces --region {region} --filters {address-filter}`",
        "see `Server`, `Via` and `from_api_gateway` of the canary's answer in the JSON report: with API Gateway's marks it is a proxy that sends every call to one API",
        "exempt execute-api.{region}.{suffix} and vpce.{suffix} from proxies, and let them pass `Host` and `x-apigw-api-id` unchanged",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const HTTP_PROTOCOL_ERROR: Entry = Entry {
    title: "what came back is not a whole HTTP/1.1 answer",
    owner: Owner::Network,
    meaning: "Private APIs speak HTTP/1.1 only. Something else answered, or the connection was cut.",
    shows: "bytes that are no HTTP, a head beyond all bounds, or an end in the middle.",
    ceiling: Likely,
    fix: &[
        "repeat it; a single cut connection may be a restart on the other side",
        "see what speaks there: `openssl s_client -connect {endpoint}:443 -servername {endpoint}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-apis.html",
};

pub(super) const UNEXPLAINED: Entry = Entry {
    title: "nothing in the catalogue explains this",
    owner: Owner::Caller,
    meaning: "What was seen fits no known cause. The evidence says what was ruled out.",
    shows: "a failure that no rule claims.",
    ceiling: Possible,
    fix: &[
        "probe again, then with `--every-address`, and from another host in the same subnet",
        "ask account B for its access log of {api}/{stage} at this time, by the request ids of the report",
        "keep the JSON report: a later version can diagnose it again with `replay`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-vpc-connections",
};
