//! Which other ways lead to an API? Custom domain names of private APIs; public REST and HTTP APIs, and what private DNS does to them.

use super::Scenario;
use crate::diagnosis::Cause;
use crate::lab::policy::{Condition, Policy, allow, deny};
use crate::lab::world::{
    API, Authorization, Chain, Domain, ENDPOINT, Exposure, HostedZone, Kind, Mapping, Port, Reach, Record, World,
};

pub(super) static SCENARIOS: &[Scenario] = &[
    // private custom domain names
    Scenario::new("custom-domain", "a private custom domain name leads to the API as well", custom_domain),
    Scenario::new(
        "custom-domain-not-associated",
        "the endpoint has no access association with the custom domain name",
        |world| {
            custom_domain(world);
            world.domains[0].reach = Reach::Private { associated: Vec::new() };
        },
    )
    .inferred("the certificate and the answer for a name that the endpoint does not know")
    .fails(&[Cause::CustomDomainNotAssociated]),
    Scenario::new("custom-domain-no-hosted-zone", "no private hosted zone resolves the custom domain name", |world| {
        custom_domain(world);
        world.hosted_zones.clear();
    })
    .fails(&[Cause::CustomDomainNotResolved]),
    Scenario::new("custom-domain-certificate-expired", "the custom domain's certificate is past its end", |world| {
        custom_domain(world);
        world.domains[0].chain = Chain::Expired;
    })
    .fails(&[Cause::CustomDomainCertificate]),
    Scenario::new(
        "custom-domain-certificate-of-another",
        "the custom domain's certificate covers another name",
        |world| {
            custom_domain(world);
            world.domains[0].chain = Chain::OfLoadBalancer;
        },
    )
    .fails(&[Cause::CustomDomainCertificate]),
    Scenario::new(
        "custom-domain-private-authority",
        "the custom domain's certificate is of a private authority that the client does not know",
        |world| {
            custom_domain(world);
            world.domains[0].chain = Chain::OfStranger;
        },
    )
    .fails(&[Cause::CustomDomainCertificate]),
    Scenario::new("base-path-unmapped", "the custom domain maps no API at the base path that is given", |world| {
        custom_domain(world);
        world.asked.custom_domain = Some(format!("{DOMAIN}/payments"));
    })
    .inferred("that the answer is that to an unknown stage")
    .fails(&[Cause::BasePathUnmapped]),
    Scenario::new(
        "base-path-with-stage",
        "the stage stands in the custom domain's URL, where it is no path",
        |world| {
            custom_domain(world);
            world.asked.custom_domain = Some(format!("{DOMAIN}{BASE}/test"));
        },
    )
    .fails(&[Cause::BasePathUnmapped]),
    Scenario::new("custom-domain-policy-deny", "the custom domain's own policy denies, as a new one does", |world| {
        custom_domain(world);
        world.domains[0].policy = Policy(vec![deny(Condition::Always)]);
    })
    .inferred("the words of the refusal and the resource in it")
    .fails(&[Cause::CustomDomainPolicyDeny]),
    Scenario::new(
        "custom-domain-only",
        "the API's default endpoint is disabled; the custom domain name leads to it all the same",
        |world| {
            custom_domain(world);
            world.api().default_endpoint = false;
        },
    )
    .fails(&[Cause::DefaultEndpointDisabled]),
    // public APIs
    Scenario::new("public", "a public REST API, called from where no endpoint catches its name", |world| {
        public(world);
        world.endpoint().private_dns = false;
    }),
    Scenario::new("public-swallowed", "a public REST API, whose name the endpoint's private DNS catches", public)
        .fails(&[Cause::PublicApiViaVpce]),
    Scenario::new("public-no-way-out", "a public REST API, and no way from the subnet to the Internet", |world| {
        public(world);
        world.endpoint().private_dns = false;
        world.public_side.port = Port::Drops;
    })
    .impatient()
    .fails(&[Cause::InternetUnreachable]),
    Scenario::new(
        "public-custom-domain",
        "a public API by its custom domain name, whose alias record private DNS does not catch",
        |world| public_domain(world, Record::Alias),
    ),
    Scenario::new(
        "public-custom-domain-swallowed",
        "a public API by its custom domain name, a CNAME to a `d-…` name that private DNS catches",
        |world| public_domain(world, Record::Cname),
    )
    .inferred("that the handshake succeeds there")
    .fails(&[Cause::PublicApiViaVpce]),
    Scenario::new("http-api", "an HTTP API with its `$default` stage", http_api),
    Scenario::new("http-api-unmatched-route", "an HTTP API that has no such route", |world| {
        http_api(world);
        world.asked.invoke_url.push_str("ordrs");
    })
    .fails(&[Cause::WrongResourceOrMethod]),
    Scenario::new("http-api-iam-unsigned", "an HTTP API whose route wants a signature, and gets none", |world| {
        http_api(world);
        world.route().authorization = Authorization::Iam;
    })
    .inferred("the answer to an unsigned call")
    .fails(&[Cause::IamAuthUnsigned]),
];

fn domain(reach: Reach, base: &'static str) -> Domain {
    Domain {
        name: DOMAIN,
        reach,
        mappings: vec![Mapping { base, api: API, stage: "test" }],
        policy: Policy(vec![allow(Condition::Always)]),
        chain: Chain::Good,
    }
}

fn custom_domain(world: &mut World) {
    world.domains.push(domain(Reach::Private { associated: vec![ENDPOINT] }, BASE));
    world.hosted_zones.push(HostedZone { name: DOMAIN.to_owned(), endpoint: ENDPOINT });
    world.asked.custom_domain = Some(format!("{DOMAIN}{BASE}"));
}

/// The API is a public one, and the operator says so and names no endpoint.
fn public(world: &mut World) {
    world.api().exposure = Exposure::Public;
    world.api().policy = Policy(vec![allow(Condition::Always)]);
    world.endpoint().associated.clear();
    world.asked.public = true;
    world.asked.vpce_dns_name = None;
}

fn public_domain(world: &mut World, record: Record) {
    public(world);
    world.domains.push(domain(Reach::Public(record), ""));
    world.asked.invoke_url = format!("https://{DOMAIN}/");
    world.asked.stated_region = Some(world.region.name);
}

fn http_api(world: &mut World) {
    public(world);
    world.endpoint().private_dns = false;
    world.api().kind = Kind::Http;
    world.api().stages[0].name = "$default";
    world.asked.invoke_url = format!("https://{}/", world.api_name(API));
}

const DOMAIN: &str = "api.example.com";
const BASE: &str = "/orders";
