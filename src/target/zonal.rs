//! Which names does an endpoint have in single zones? Read in any of the forms in which they are copied.

use super::name::excerpt;
use super::pasted::EndpointInput;
use super::{AwsHostKind, NameError, TargetError, VpceId, ZonalName};

/// What the zonal names say.
#[derive(Debug, Default)]
pub(super) struct Zonal {
    pub(super) names: Vec<ZonalName>,
    pub(super) ids: Vec<VpceId>,
}

impl Zonal {
    /// Reads names of single zones; the same one twice counts once.
    pub(super) fn read(texts: &[&str]) -> Result<Self, TargetError> {
        let mut read = Self::default();
        for text in texts {
            let host = match EndpointInput::parse(text) {
                Ok(EndpointInput::Host(host)) => host,
                Ok(EndpointInput::Id(vpce)) => return Err(TargetError::NoZone(vpce.to_string())),
                // a piece of the right form that is wrong has its own words
                Err(TargetError::Endpoint(
                    error @ (NameError::Suffix(_) | NameError::Region(_) | NameError::Zone { .. }),
                )) => return Err(TargetError::Zonal(error)),
                Err(TargetError::Endpoint(_) | TargetError::NoEndpoint(_)) => {
                    return Err(TargetError::NoZone(excerpt(text)));
                }
                Err(other) => return Err(other),
            };
            let AwsHostKind::Endpoint(vpce, Some(zone)) = host.kind else {
                return Err(TargetError::NoZone(host.name.to_string()));
            };
            match read.names.iter().find(|known| known.zone == zone) {
                Some(known) if known.name == host.name => {}
                Some(_) => return Err(TargetError::ZoneTwice(host.name.to_string(), zone)),
                None => {
                    read.names.push(ZonalName { name: host.name, region: host.region, zone });
                    read.ids.push(vpce);
                }
            }
        }
        Ok(read)
    }
}
