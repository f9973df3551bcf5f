//! What the answers say: rows F1 to F10, Q1a to Q3c, A1 to A16, L1 to L7 and I1 to I9 of the fact tables.

mod edge;
mod forbidden;
mod integrations;
mod limits;
mod policies;
mod signatures;
mod strangers;

use crate::round::{ALL, Scene, healthy};

/// A scene in which some paths will answer `Forbidden`.
struct Forbidden(Scene);

fn forbidden(scene: Scene) -> Forbidden {
    Forbidden(scene)
}

impl Forbidden {
    fn on_only(self, paths: &[apigw_probe::plan::AccessPath]) -> Scene {
        self.0.error(paths, 403, "ForbiddenException", FORBIDDEN)
    }

    fn everywhere(self) -> Scene {
        self.on_only(&ALL)
    }
}

fn denied(suffix: &str) -> Scene {
    healthy().error(&ALL, 403, "AccessDeniedException", &message("anonymous", HERE, suffix))
}

fn message(user: &str, arn: &str, suffix: &str) -> String {
    let sentence = format!("User: {user} is not authorized to perform: execute-api:Invoke on resource: {arn} {suffix}");
    format!("{{\"Message\":\"{}\"}}", sentence.trim_end())
}

const HERE: &str = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets";
const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";
const MISSING_TOKEN: &str = "{\"message\":\"Missing Authentication Token\"}";
const INTERNAL: &str = "{\"message\": \"Internal server error\"}";
const MISMATCH: &str = "{\"message\":\"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\"}";
