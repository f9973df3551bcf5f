//! What can be wrong with names? Private DNS, association, hosted zones, and the resolvers between.

use super::Scenario;
use crate::diagnosis::Cause;
use crate::lab::world::{API, CENTRAL_ENDPOINT, ENDPOINT, Exposure, Habit, HostedZone, Port, Resolver, View, World};
use crate::observation::Intent;
use crate::plan::AccessPath;

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::new("private-dns-off", "private DNS is off, so the API's own name does not exist", private_dns_off)
        .fails(&[Cause::PrivateDnsDisabled]),
    Scenario::new("private-dns-off-optional", "private DNS is off, and nobody minds", private_dns_off)
        .intending(&[(AccessPath::PrivateDns, Intent::Optional)])
        .passes_with(&[Cause::PrivateDnsDisabled]),
    Scenario::new(
        "private-dns-off-public-denied",
        "private DNS is off, the API's own name leads to the Internet, and API Gateway refuses there",
        private_dns_off_with_public_record,
    )
    .inferred("one report only says that a private API's name can have public addresses")
    .fails(&[Cause::PrivateDnsDisabled]),
    Scenario::new(
        "private-dns-off-public-silent",
        "private DNS is off, the API's own name leads to the Internet, and there is no way out",
        |world| {
            private_dns_off_with_public_record(world);
            world.public_side.port = Port::Drops;
        },
    )
    .inferred("one report only says that a private API's name can have public addresses")
    .impatient()
    .fails(&[Cause::PrivateDnsDisabled]),
    Scenario::new(
        "hosted-zone",
        "private DNS is off; a private hosted zone for the exact name takes its place, as AWS advises",
        |world| hosted_zone(world, ENDPOINT),
    ),
    Scenario::new(
        "hosted-zone-not-associated",
        "the same, and the endpoint is not associated with the API, so that the alias does not exist",
        |world| {
            hosted_zone(world, ENDPOINT);
            world.endpoint().associated.clear();
        },
    )
    .fails(&[Cause::VpceNotAssociated]),
    Scenario::new(
        "not-associated",
        "the endpoint is not associated with the API; private DNS answers the alias all the same",
        |world| world.endpoint().associated.clear(),
    ),
    Scenario::new(
        "not-associated-private-dns-off",
        "the endpoint is not associated with the API, and private DNS is off",
        |world| {
            private_dns_off(world);
            world.endpoint().associated.clear();
        },
    )
    .fails(&[Cause::PrivateDnsDisabled, Cause::VpceNotAssociated]),
    Scenario::new(
        "central-endpoint",
        "the API's own name leads to a central endpoint, which the resource policy does not let in",
        |world| hosted_zone(world, CENTRAL_ENDPOINT),
    )
    .fails(&[Cause::DifferentEndpoint]),
    Scenario::new("endpoint-deleted", "the endpoint is gone, and all its names with it", |world| {
        world.endpoints.remove(0);
    })
    .inferred("that the names vanish at once")
    .fails(&[Cause::EndpointDeleted]),
    Scenario::new("wrong-endpoint-name", "the endpoint's DNS name is mistyped", |world| {
        world.endpoint().label = "f3ghijk1";
    })
    .fails(&[Cause::WrongEndpointName]),
    Scenario::new("wrong-region", "the invoke URL is of another Region than the endpoint", |world| {
        world.asked.invoke_url = world.asked.invoke_url.replace("us-east-1", "us-west-2");
        world.apis.remove(0);
        world.endpoint().associated.clear();
    })
    .inferred("the answers to the two paths over the endpoint's name")
    .fails(&[Cause::WrongRegion]),
    Scenario::new(
        "outside-the-vpc",
        "the client is outside the VPC: no private name, and no route to the endpoint",
        |world| {
            world.resolver.sees = View::Internet;
            world.vpc_resolver.habit = Habit::Silent;
            world.endpoint().interfaces.iter_mut().for_each(|interface| interface.port = Port::Drops);
        },
    )
    .impatient()
    .fails(&[Cause::PrivateApiViaInternet]),
    Scenario::new(
        "resolver-not-forwarding",
        "the client asks a DNS server of its own, which does not forward to the VPC resolver",
        |world| world.resolver.sees = View::Internet,
    )
    .fails(&[Cause::DnsNotForwarded]),
    Scenario::new(
        "resolver-without-recursion",
        "the client asks a DNS server that knows neither the VPC's names nor the Internet's",
        |world| world.resolver.sees = View::Elsewhere,
    )
    .fails(&[Cause::DnsNotForwarded]),
    Scenario::new("rebinding-protection", "the DNS server takes private addresses out of every answer", |world| {
        world.resolver.habit = Habit::DropsPrivate;
    })
    .fails(&[Cause::DnsRebindingProtection]),
    Scenario::new(
        "rebinding-protection-public-names",
        "the DNS server takes private addresses out of answers from public zones",
        |world| world.resolver.habit = Habit::DropsPrivateFromPublicZones,
    )
    .fails(&[Cause::DnsRebindingProtection]),
    Scenario::new("dns-servfail", "the DNS server answers SERVFAIL", |world| world.resolver.habit = Habit::ServFail)
        .fails(&[Cause::DnsServerFailure]),
    Scenario::new("dns-refused", "the DNS server answers REFUSED", |world| world.resolver.habit = Habit::Refuses)
        .fails(&[Cause::DnsServerFailure]),
    Scenario::new("dns-silent", "the DNS server does not answer", |world| world.resolver.habit = Habit::Silent)
        .impatient()
        .fails(&[Cause::DnsServerUnreachable]),
    Scenario::new("dns-truncated", "every answer is truncated over UDP and whole over TCP", |world| {
        world.resolver = Resolver { sees: View::Vpc, habit: Habit::Truncates };
    }),
];

fn private_dns_off(world: &mut World) {
    world.endpoint().private_dns = false;
}

fn private_dns_off_with_public_record(world: &mut World) {
    private_dns_off(world);
    world.api().exposure = Exposure::Private { public_record: true };
}

fn hosted_zone(world: &mut World, endpoint: &'static str) {
    private_dns_off(world);
    let name = world.api_name(API);
    world.hosted_zones.push(HostedZone { name, endpoint });
}
