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
];

fn set_ports(world: &mut World, port: Port) {
    world.endpoint().interfaces.iter_mut().for_each(|interface| interface.port = port);
}
