//! May a connection come about? Security groups admit what any of their rules names; they cannot refuse.

use super::{Peers, SecurityGroup};
use std::net::IpAddr;

/// Whether security groups admit a connection on TCP port 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// A rule does, in words.
    Yes(String),
    /// No rule of these groups does.
    No(Vec<String>),
    /// It depends on something that is not seen, in words.
    Unclear(String),
}

/// Judges a connection with any of the addresses, or with a member of the groups, by the rules of these groups.
/// `members` is none where it is not known which groups the other side is in.
pub(super) fn judge(
    groups: &[SecurityGroup],
    ids: &[String],
    rules: impl Fn(&SecurityGroup) -> &Peers,
    addresses: &[IpAddr],
    members: Option<&[String]>,
) -> Admission {
    let seen: Vec<_> = groups.iter().filter(|group| ids.contains(&group.id)).collect();
    for group in &seen {
        let peers = rules(group);
        let by_range = peers.ranges.iter().find(|range| addresses.iter().any(|address| range.contains(address)));
        if let Some(range) = by_range {
            return Admission::Yes(format!("{} names {range}", group.id));
        }
        if let Some(member) = peers.groups.iter().find(|id| members.is_some_and(|members| members.contains(id))) {
            return Admission::Yes(format!("{} names members of {member}", group.id));
        }
    }
    let unseen: Vec<_> = ids.iter().filter(|id| seen.iter().all(|group| group.id != **id)).cloned().collect();
    let lists: Vec<_> = seen.iter().flat_map(|group| rules(group).prefix_lists.clone()).collect();
    if ids.is_empty() || !unseen.is_empty() {
        Admission::Unclear(format!("the rules of {} are not seen", or_the_groups(&unseen)))
    } else if !lists.is_empty() {
        Admission::Unclear(format!("the entries of {} are not seen", lists.join(", ")))
    } else if addresses.is_empty() {
        Admission::Unclear("the other side's address is not known".to_owned())
    } else if members.is_none() && seen.iter().any(|group| !rules(group).groups.is_empty()) {
        Admission::Unclear("rules name groups, and those of the other side are not known".to_owned())
    } else {
        Admission::No(ids.to_vec())
    }
}

fn or_the_groups(unseen: &[String]) -> String {
    if unseen.is_empty() { "the groups".to_owned() } else { unseen.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, ranges: &[&str], groups: &[&str], prefix_lists: &[&str]) -> SecurityGroup {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let inbound = Peers {
            ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
            groups: words(groups),
            prefix_lists: words(prefix_lists),
        };
        SecurityGroup { id: id.to_owned(), inbound, outbound: Peers::default() }
    }

    fn judged(groups: &[SecurityGroup], ids: &[&str], addresses: &[&str], members: Option<&[&str]>) -> &'static str {
        let addresses: Vec<IpAddr> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        let ids: Vec<String> = ids.iter().map(|one| (*one).to_owned()).collect();
        let members: Option<Vec<String>> = members.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        match judge(groups, &ids, |group| &group.inbound, &addresses, members.as_deref()) {
            Admission::Yes(_) => "yes",
            Admission::No(_) => "no",
            Admission::Unclear(_) => "unclear",
        }
    }

    #[test]
    fn a_rule_of_any_group_admits() {
        let web = group("sg-1", &["10.0.0.0/16", "2001:db8::/32"], &["sg-9"], &[]);
        let shut = group("sg-2", &[], &[], &[]);
        let listed = group("sg-3", &["192.0.2.0/24"], &[], &["pl-1"]);
        let groups = [web, shut, listed];
        for (ids, addresses, members, expected) in [
            (&["sg-1"][..], &["10.0.3.4"][..], Some(&["sg-8"][..]), "yes"),
            (&["sg-1"], &["2001:db8::7"], Some(&[]), "yes"),
            (&["sg-1"], &["10.1.3.4"], Some(&["sg-9"]), "yes"),
            (&["sg-2", "sg-1"], &["10.0.3.4"], None, "yes"),
            (&["sg-1"], &["10.1.3.4"], Some(&["sg-8"]), "no"),
            (&["sg-1"], &["2001:db9::7"], Some(&["sg-8"]), "no"),
            (&["sg-2"], &["10.0.3.4"], None, "no"),
            // whatever the list holds
            (&["sg-3"], &["10.0.3.4"], Some(&["sg-8"]), "unclear"),
            (&["sg-3"], &["192.0.2.4"], Some(&["sg-8"]), "yes"),
            // what is not known may admit
            (&["sg-1"], &["10.1.3.4"], None, "unclear"),
            (&["sg-1"], &[], Some(&["sg-8"]), "unclear"),
            (&["sg-2", "sg-7"], &["10.0.3.4"], Some(&[]), "unclear"),
            (&[], &["10.0.3.4"], Some(&[]), "unclear"),
        ] {
            assert_eq!(judged(&groups, ids, addresses, members), expected, "{ids:?} {addresses:?} {members:?}");
        }
    }
}
