//! What can be wrong on the way to the endpoint? Security groups, network ACLs, routes: silence or a refusal on port 443.

use super::Scenario;
use crate::diagnosis::Cause;
use crate::lab::world::{Port, World};

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "port-dropped",
        "nothing answers on port 443: the endpoint's security group lets nobody in",
        |world| {
            set_ports(world, Port::Drops);
        },
    )
    .impatient()
    .fails(&[Cause::ConnectTimeout]),
    Scenario::new("port-refused", "port 443 is refused: what has these addresses is no endpoint", |world| {
        set_ports(world, Port::Refuses);
    })
    .fails(&[Cause::ConnectionRefused]),
    Scenario::new("one-address-dead", "one of the endpoint's three addresses does not answer", |world| {
        world.endpoint().interfaces[0].port = Port::Drops;
    })
    .impatient()
    .passes_with(&[Cause::OneAddressDown]),
    Scenario::new("zonal", "the endpoint's names of its three zones are asked beside its regional one", zonal)
        .inferred("the form of zonal names of this service, which is that of others"),
    Scenario::new("zone-down", "the same, and one zone's address does not answer", |world| {
        zonal(world);
        world.endpoint().interfaces[0].port = Port::Drops;
    })
    .impatient()
    .fails(&[Cause::OneAddressDown]),
];

fn zonal(world: &mut World) {
    let endpoint = &world.endpoints[0];
    world.asked.zonal_dns_names =
        endpoint.interfaces.iter().map(|interface| world.zonal_name(endpoint, interface.zone)).collect();
}

fn set_ports(world: &mut World, port: Port) {
    world.endpoint().interfaces.iter_mut().for_each(|interface| interface.port = port);
}
