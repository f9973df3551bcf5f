//! What can be wrong with names and the addresses behind them?

use super::entry::Entry;
use crate::diagnosis::finding::{Confidence::Likely, Owner};

pub(super) const PRIVATE_DNS_DISABLED: Entry = Entry {
    title: "the endpoint's private DNS does not answer the API's own name here",
    owner: Owner::AccountA,
    meaning: "Private DNS is off on the endpoint, a DNS attribute of the VPC is off, or the client does not ask that VPC's \
              resolver. The name of a private API then mostly does not exist; some APIs keep a public record, which leads \
              to the Internet and to 403 or silence.",
    shows: "NXDOMAIN on `private-dns` while the endpoint's own name resolves; or public addresses there.",
    ceiling: Likely,
    fix: &[
        "call it another way: over the endpoint's own name, or over the alias where that exists; they need no private DNS",
        "{unless private-dns-on}or turn it on, but mind the side effect: every name under execute-api.{region}.{suffix} then leads to this endpoint in \
         the whole VPC, and public APIs of the Region answer 403 there",
        "{unless dns-support-on}private DNS needs the VPC's first DNS attribute: `aws ec2 modify-vpc-attribute --vpc-id VPC --enable-dns-support --region {region}`",
        "{unless dns-hostnames-on}private DNS needs the VPC's second DNS attribute: `aws ec2 modify-vpc-attribute --vpc-id VPC --enable-dns-hostnames --region {region}`",
        "{unless private-dns-on}then turn private DNS on: `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --private-dns-enabled --region {region}`",
        "{if private-dns-on}where it is on, ask the VPC's resolver again in some minutes: `dig @169.254.169.253 {invoke}`",
        "{if private-dns-on}if that stays without an address, look for a hosted zone that stands before it: `aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region {region}`",
        "{if private-dns-on}and for DNS Firewall: `aws route53resolver list-firewall-rule-group-associations --vpc-id VPC --region {region}`",
        "or make a private hosted zone for exactly `{invoke}` with an alias to `{endpoint}`",
        "resolvers keep an old `no such name` for some minutes: call again after that, or make this host forget it: `resolvectl flush-caches`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html",
};

pub(super) const VPCE_NOT_ASSOCIATED: Entry = Entry {
    title: "the API is not associated with this endpoint, so that the Route 53 alias does not exist",
    owner: Owner::AccountB,
    meaning: "AWS makes the alias name only for endpoints in the API's `vpcEndpointIds`. Private DNS hides it: its wildcard \
              answers the alias in the VPC all the same.",
    shows: "NXDOMAIN on `route53-alias` while the endpoint's own name resolves.",
    ceiling: Likely,
    fix: &[
        "{unless associated}in account B (console: API settings, VPC endpoint IDs): `aws apigateway update-rest-api --rest-api-id {api} --region {region} --patch-operations op=add,path=/endpointConfiguration/vpcEndpointIds,value={vpce}`",
        "wait some minutes for the record; if it stays away, redeploy: `aws apigateway create-deployment --rest-api-id {api} \
         --stage-name {stage} --region {region}`",
        "or use the paths over the endpoint's own name, which need no association",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html",
};

pub(super) const PRIVATE_API_VIA_INTERNET: Entry = Entry {
    title: "a private API is called from where its endpoint cannot be reached",
    owner: Owner::Caller,
    meaning: "The client is outside the VPC and its connected networks: the API's name does not exist or leads to the \
              Internet, and the endpoint's private addresses do not answer.",
    shows: "the API's name is missing or public, and connections to private addresses time out.",
    ceiling: Likely,
    fix: &[
        "call from an instance in the VPC of {vpce}, or from a network that is routed to it",
        "from on-premises: a Route 53 Resolver inbound endpoint for names, Direct Connect or VPN for packets",
    ],
    docs: "https://repost.aws/knowledge-center/direct-connect-private-api-gateway",
};

pub(super) const WRONG_REGION: Entry = Entry {
    title: "API and endpoint are of two Regions",
    owner: Owner::Caller,
    meaning: "An execute-api endpoint serves the APIs of its own Region only.",
    shows: "the two strings name two Regions; the API's names do not exist here, and the endpoint says `Forbidden`.",
    ceiling: Likely,
    fix: &[
        "{if signed}the calls were signed for {region}: where no name tells the API's Region, give it with `--region`, in a configuration `region`",
        "give the endpoint of {region}, or the invoke URL of the endpoint's Region",
        "list those of {region}: `aws ec2 describe-vpc-endpoints --region {region} --filters Name=service-name,Values=com.amazonaws.{region}.execute-api`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-apis.html",
};

pub(super) const DNS_SERVER_UNREACHABLE: Entry = Entry {
    title: "no DNS server answers",
    owner: Owner::Network,
    meaning: "Queries leave and nothing comes back, or cannot leave: the server is down, a firewall drops port 53, or \
              `enableDnsSupport` of the VPC is off.",
    shows: "every query of a name ends in a timeout, or cannot be sent.",
    ceiling: Likely,
    fix: &[
        "compare /etc/resolv.conf with the VPC's DHCP options; the VPC's own resolver is the VPC's base address plus two, or 169.254.169.253",
        "if the server is your own, see that UDP and TCP port 53 are open to it",
        "this must say true: `aws ec2 describe-vpc-attribute --vpc-id VPC --attribute enableDnsSupport --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html",
};

pub(super) const DNS_SERVER_FAILURE: Entry = Entry {
    title: "the DNS server fails for a name: it answers with a failure, or not, while it does for others",
    owner: Owner::Network,
    meaning: "SERVFAIL, REFUSED, an answer that cannot be read, or silence about the names of one zone: the server cannot reach \
              those above it, does not forward that zone or has no way to the Internet, its policy refuses this client, or DNSSEC \
              validation fails on its way.",
    shows: "an rcode other than NOERROR and NXDOMAIN; or a timeout from a server that answers for another name in the same round.",
    ceiling: Likely,
    fix: &[
        "look into the server's log for `{name}`",
        "see that it may forward {zones} to the VPC's resolver, or ask the Internet for it, and that it serves this client",
    ],
    docs: "https://repost.aws/knowledge-center/vpc-interface-configure-dns",
};

pub(super) const DNS_NOT_FORWARDED: Entry = Entry {
    title: "the DNS server does not forward to the VPC's resolver",
    owner: Owner::Network,
    meaning: "Only the VPC's resolver knows the names of private DNS; a server of your own must forward these to it. A server \
              without recursion to the Internet does not know the endpoint's public name either.",
    shows: "the configured server has no address, the VPC's resolver asked directly has private ones.",
    ceiling: Likely,
    fix: &[
        "forward execute-api.{region}.{suffix} and vpce.{suffix} from your DNS server to the VPC's resolver (base address plus two)",
        "from outside the VPC: forward to a Route 53 Resolver inbound endpoint in it",
        "or let this host ask the VPC's resolver itself (DHCP options, AmazonProvidedDNS)",
    ],
    docs: "https://repost.aws/knowledge-center/direct-connect-private-api-gateway",
};

pub(super) const DNS_REBINDING_PROTECTION: Entry = Entry {
    title: "the DNS server or a hosts file filters: the names, or private addresses in the answers",
    owner: Owner::Network,
    meaning: "Alias and endpoint name are public names with private addresses, as a rebinding attack has them; some \
              resolvers (dnsmasq, unbound, routers, filtering services) empty such answers, or answer `0.0.0.0`, `::` or a loopback \
              address in their place; a line in a hosts file does the same.",
    shows: "NOERROR without an address for the alias and the endpoint's name, or with `0.0.0.0`, `::` or, on some paths alone, a \
            loopback address.",
    ceiling: Likely,
    fix: &[
        "look for `{name}` in /etc/hosts and in block lists, of this host and of the DNS server: `getent hosts {name}`",
        "exempt {suffix} there: dnsmasq `rebind-domain-ok=/{suffix}/`, unbound `private-domain: {suffix}`",
        "or let this host ask the VPC's resolver",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html",
};

pub(super) const PUBLIC_ADDRESSES: Entry = Entry {
    title: "the name leads to public addresses, not to an endpoint",
    owner: Owner::Network,
    meaning: "An endpoint's addresses are private. Public ones mean that another resolver than the VPC's answered, that private \
              DNS is off and the API has a public record, or that something rewrote the answer.",
    shows: "addresses of the name are public.",
    ceiling: Likely,
    fix: &[
        "ask the VPC's resolver for `{name}`: `dig @169.254.169.253 {name}`",
        "{if private-dns-disabled}if it says the same, enable private DNS on {vpce} or use the paths over the endpoint's own name",
        "{unless private-dns-disabled}if it says the same, look for `{name}` in the hosted zones of the VPC: `aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region {region}`",
        "if it says otherwise, forward execute-api.{region}.{suffix} to it",
    ],
    docs: "https://repost.aws/knowledge-center/vpc-interface-configure-dns",
};

pub(super) const DIFFERENT_ENDPOINT: Entry = Entry {
    title: "the names lead to different endpoints, or one of them to none",
    owner: Owner::AccountA,
    meaning: "A central endpoint, a Route 53 profile, a hosted zone or the hosts file gives a name other addresses than those of the \
              endpoint that was named. Policies that name one endpoint refuse the other. A record may outlive what it leads to.",
    shows: "one path works and another fails, and their names have no address in common; or one address of a name refuses what the \
            others grant; or a name is an alias (CNAME) of one that does not exist.",
    ceiling: Likely,
    fix: &[
        "{if stale-record}where a name is an alias (CNAME) of one that does not exist, correct or delete that record, on your own DNS server or in a hosted zone: `aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region {region}`",
        "{if stale-record}if it is to stay, let it lead to `{endpoint}`",
        "{unless stale-record}find out whose addresses they are: `aws ec2 describe-network-interfaces --region {region} --filters {address-filter}`",
        "{unless stale-record}look for `{invoke}` in /etc/hosts, in private hosted zones of the VPC, and in Route 53 profiles",
        "{if vpce-policy-explicit-deny vpce-policy-implicit-deny}where the policy of an endpoint refuses, it is that of the endpoint at {address}; if the calls are to go over it, it must allow `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/*`",
        "{if resource-policy-explicit-deny resource-policy-implicit-deny resource-policy-deny-unspecified forbidden-unknown connect-timeout}name every endpoint in use in the API's resource policy (`aws:SourceVpce`), and redeploy, since a policy counts only after that",
    ],
    docs: "https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/rest-api.html",
};

pub(super) const WRONG_ENDPOINT_NAME: Entry = Entry {
    title: "the endpoint's DNS name does not exist: it is mistyped, or of another endpoint",
    owner: Owner::Caller,
    meaning: "The name has the endpoint's id, eight more characters and the Region; all must be copied.",
    shows: "NXDOMAIN for the endpoint's name while the API's own name or the alias resolves.",
    ceiling: Likely,
    fix: &[
        "see the right one (console: VPC, Endpoints, DNS names; the first): `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].DnsEntries[].DnsName'`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html",
};

pub(super) const ENDPOINT_DELETED: Entry = Entry {
    title: "the endpoint no longer exists, or is not available",
    owner: Owner::AccountA,
    meaning: "With the endpoint its names vanish. A new one has another id: policies, associations and clients must follow.",
    shows: "none of the names exists; or their addresses do not answer.",
    ceiling: Likely,
    fix: &[
        "this must say available: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].State'`",
        "{if endpoint-pending}if it says pending, it is being made: wait some minutes and call again",
        "{unless endpoint-pending}if it is gone, create one for com.amazonaws.{region}.execute-api; then put the new id into the API's resource policy and \
         association (account B), redeploy, and give the new one's DNS name here (VPCE_DNS_NAME)",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html",
};
