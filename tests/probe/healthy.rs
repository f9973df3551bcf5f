//! What is seen when all is well.

use super::far_end::{Authority, FarEnd, OK};
use super::{NAME, limits, probe_zones};

#[tokio::test]
async fn every_phase_of_a_healthy_path_is_seen() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let seen = probe_zones(&authority, &[&api], &limits(5000)).await;
    assert!(seen.lookup.result.is_ok());
    let attempt = &seen.attempts[0];
    assert_eq!(attempt.answer().unwrap().status, 200);
    assert!(attempt.answer().unwrap().from_api_gateway());
    assert_eq!(attempt.secured().unwrap().session.version, "TLSv1.3");
    assert_eq!(attempt.certificate().unwrap().sans, [NAME]);
    assert_eq!(api.requests(), 1);
}
