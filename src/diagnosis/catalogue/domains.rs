//! What can be wrong with a custom domain name, or with a public API's way?

use super::entry::Entry;
use crate::diagnosis::finding::{Confidence::Likely, Owner};

pub(super) const CUSTOM_DOMAIN_NOT_RESOLVED: Entry = Entry {
    title: "the custom domain name does not resolve to where its API is",
    owner: Owner::AccountA,
    meaning: "AWS makes no record for a custom domain name. A private one needs a private hosted zone in the client's VPC with an \
              alias to the endpoint; a public one an alias, or a CNAME, to its `d-…` or CloudFront name.",
    shows: "NXDOMAIN on `custom-domain`, or addresses on the Internet for a private one, while `vpce-custom-domain` goes further.",
    ceiling: Likely,
    fix: &[
        "see what is there: `dig {domain}`",
        "for a private one, list the hosted zones that the VPC sees: `aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region {region}`",
        "make a private hosted zone for `{domain}`, associate it with the VPC, and put an alias (A, and AAAA if the endpoint has IPv6) \
         to `{endpoint}` into it",
        "the alias wants the zone id that stands beside that name in: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].DnsEntries'`",
        "a client that asks a DNS server of its own needs that to forward `{domain}` to the VPC's resolver",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html",
};

pub(super) const CUSTOM_DOMAIN_NOT_ASSOCIATED: Entry = Entry {
    title: "the endpoint has no access association with the private custom domain name",
    owner: Owner::AccountA,
    meaning: "The endpoint's account makes a domain name access association; across accounts the domain's owner must first allow it in \
              the domain's management policy (AWS RAM, accepted within 12 hours). Until then the endpoint does not know the name. It \
              takes about 15 minutes. How the refusal looks is documented nowhere.",
    shows: "on `custom-domain` the endpoint's own certificate, as for any name that it does not know; `Forbidden` on `vpce-custom-domain`.",
    ceiling: Likely,
    fix: &[
        "in account A, this must list the domain: `aws apigateway get-domain-name-access-associations --region {region}`",
        "if it does not: `aws apigateway create-domain-name-access-association --domain-name-arn DOMAIN_ARN --access-association-source {vpce} --access-association-source-type VPCE --region {region}`",
        "DOMAIN_ARN is account B's, which shares it with AWS RAM or in its management policy: `aws apigateway get-domain-names --resource-owner OTHER_ACCOUNTS --region {region}`",
        "{unless private-dns-on}see that the endpoint has private DNS on, which AWS asks for with private custom domain names: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].PrivateDnsEnabled'`",
        "of two private custom domain names `{domain}` an endpoint can have only one",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html",
};

pub(super) const CUSTOM_DOMAIN_CERTIFICATE: Entry = Entry {
    title: "the custom domain's certificate is not good for this client",
    owner: Owner::AccountB,
    meaning: "The certificate of a custom domain name is its owner's: of ACM, imported, or of a private authority. It is past its end, \
              does not cover the name, or leads to a root that this host does not know.",
    shows: "the handshake fails on `custom-domain`, and not on the names whose certificates are AWS's.",
    ceiling: Likely,
    fix: &[
        "{if tls-untrusted-issuer}if its authority is a private one, give its root: `--ca-file` (in a configuration `ca_file`)",
        "{if tls-untrusted-issuer}if an intermediate certificate is missing, import the certificate into ACM again with its chain (`--certificate-chain`)",
        "in account B, see which certificate the domain has: `aws apigateway get-domain-name {domain-option} --region {region} --query '[certificateArn,regionalCertificateArn]'`",
        "and whether that covers the name and is renewed: `aws acm describe-certificate --certificate-arn CERTIFICATE_ARN --region {region} --query 'Certificate.[SubjectAlternativeNames,NotAfter,RenewalSummary]'`",
        "{if certificate-expired}an imported certificate is not renewed by ACM: import the new one over it",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html",
};

pub(super) const CUSTOM_DOMAIN_POLICY_DENY: Entry = Entry {
    title: "the private custom domain's own policy refuses the call",
    owner: Owner::AccountB,
    meaning: "A private custom domain name has a resource policy of its own beside the API's, and a new one denies everybody. Both must \
              let the endpoint in.",
    shows: "`AccessDeniedException` under the custom domain name, while the API's own names pass its policy.",
    ceiling: Likely,
    fix: &[
        "in account B, see it: `aws apigateway get-domain-name {domain-option} --region {region} --query policy`",
        "it must allow execute-api:Invoke where `aws:SourceVpce` is {vpce}, and deny it to no more than the others",
        "if it does, hold the API's own policy against what is called under `{domain}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html",
};

pub(super) const BASE_PATH_UNMAPPED: Entry = Entry {
    title: "the custom domain maps no API at this path, or another one",
    owner: Owner::AccountB,
    meaning: "Under a custom domain name a base path mapping (or a routing rule) stands in the stage's place: it selects API and stage. \
              Without one that fits the request leads nowhere, and with the stage in the URL as well it finds no route.",
    shows: "`Forbidden` or `Missing Authentication Token` under the custom domain name, while the API's own names work.",
    ceiling: Likely,
    fix: &[
        "{if public-levels}where the base path of a public name has more than one level, list the mappings; one must lead from `{base}` to {api} and its stage: `aws apigatewayv2 get-api-mappings --domain-name {domain} --region {region}`",
        "{unless public-levels}in account B, list the mappings; one must lead from `{base}` to {api} and its stage: `aws apigateway get-base-path-mappings {domain-option} --region {region}`",
        "give the base path with the name, as in `--custom-domain {domain}/orders`; the stage does not belong there",
        "{unless public-levels private-levels}if there is none: `aws apigateway create-base-path-mapping {domain-option} --rest-api-id {api} --stage {stage} --base-path {base} --region {region}`",
        "{if public-levels}if there is none, for a base path of more than one level, documented for Regional names of TLS 1.2 alone: `aws apigatewayv2 create-api-mapping --domain-name {domain} --api-id {api} --stage {stage} --api-mapping-key {base} --region {region}`",
        "{if private-levels}if there is none for a private name, let account B map a base path of one level: more, such as `orders/v1`, are documented for Regional names alone",
        "with routing rules, see that one fits the path and the headers",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-403-custom-domain",
};

pub(super) const INTERNET_UNREACHABLE: Entry = Entry {
    title: "the public API's addresses do not answer: there is no way to the Internet from here",
    owner: Owner::AccountA,
    meaning: "A public API is reached over the Internet. A private subnet needs a route to a NAT gateway for that, or a proxy, which this \
              probe goes past; an endpoint serves private APIs only.",
    shows: "public addresses, and no answer to any SYN.",
    ceiling: Likely,
    fix: &[
        "see that the subnet's route table has 0.0.0.0/0 to a NAT or Internet gateway: `aws ec2 describe-route-tables --region {region} --filters Name=association.subnet-id,Values=SUBNET`",
        "see that the security group and the network ACL let TCP 443 out to anywhere, and the answers in",
        "if calls are to stay within the VPC, make the API a private one",
    ],
    docs: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
};
