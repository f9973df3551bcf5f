//! What does a DNS message say? The question as bytes, and what a reply to it means.

use crate::observation::{Address, DnsFault, RecordType};
use crate::target::HostName;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use hickory_resolver::proto::op::{Edns, Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{self, DNSClass, Name, RData, Record};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinDecoder};
use std::net::IpAddr;

/// A name and a type to ask for.
#[derive(Debug)]
pub(super) struct Question {
    name: HostName,
    kind: RecordType,
    /// The name as the library has it, if it can be asked for.
    dns_name: Option<Name>,
}

/// What a datagram or a message of a connection is to one query.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Not an answer to this query; somebody else's, or a forgery.
    Stray,
    /// The answer did not fit.
    Truncated {
        /// The response code so far.
        rcode: u16,
        /// What it says all the same, if that holds an address.
        rest: Option<Answer>,
    },
    /// An answer that cannot be read.
    Unreadable,
    /// An answer.
    Answer(Answer),
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The response code, extended by EDNS.
    pub(super) rcode: u16,
    /// The chain of aliases.
    pub(super) cnames: Vec<HostName>,
    /// What stands at its end.
    pub(super) found: Found,
}

/// What stands at the end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Addresses, in answer order.
    Addresses(Vec<Address>),
    /// A name whose addresses the answer does not tell.
    Elsewhere(HostName),
    /// No address.
    Nothing(DnsFault),
}

/// An encoded query.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) id: u16,
    pub(super) bytes: Vec<u8>,
}

impl Question {
    pub(super) fn new(name: HostName, kind: RecordType) -> Self {
        let dns_name = Name::from_ascii(name.as_str()).ok().map(|mut name| {
            name.set_fqdn(true);
            name
        });
        Self { name, kind, dns_name }
    }

    pub(super) fn name(&self) -> &HostName {
        &self.name
    }

    pub(super) fn kind(&self) -> RecordType {
        self.kind
    }

    /// The query as bytes, under a random id.
    pub(super) fn encode(&self, edns: bool) -> Option<Encoded> {
        let mut message = Message::new(random_id()?, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.dns_name.clone()?, self.rr_type()));
        if edns {
            let mut extension = Edns::new();
            extension.set_max_payload(MOST_DATAGRAM_BYTES);
            message.set_edns(extension);
        }
        Some(Encoded { id: message.metadata.id, bytes: message.to_vec().ok()? })
    }

    /// Reads what came back for the query of this id.
    pub(super) fn read(&self, id: u16, bytes: &[u8]) -> Reply {
        let mut decoder = BinDecoder::new(bytes);
        let Ok(header) = Header::read(&mut decoder) else { return Reply::Stray };
        let about = header.metadata;
        if about.id != id || about.message_type != MessageType::Response || about.op_code != OpCode::Query {
            return Reply::Stray;
        }
        let rcode = u16::from(about.response_code);
        let questions = Message::read_queries(&mut decoder, usize::from(header.counts.queries));
        match questions.as_deref() {
            Ok([question]) if self.is_echoed_by(question) => {}
            // some servers that cannot read or will not answer a query do not repeat it
            Ok([]) if about.response_code != ResponseCode::NoError => {}
            Ok(_) => return Reply::Stray,
            Err(_) => return Reply::Unreadable,
        }
        if about.truncation {
            let rest = self.interpret(&whole_records(&header, &mut decoder));
            let is_usable = matches!(rest.found, Found::Addresses(_));
            return Reply::Truncated { rcode, rest: is_usable.then_some(rest) };
        }
        match Message::from_vec(bytes) {
            Ok(message) => Reply::Answer(self.interpret(&message)),
            Err(_) => Reply::Unreadable,
        }
    }

    fn interpret(&self, message: &Message) -> Answer {
        let rcode = u16::from(message.metadata.response_code);
        let mut cnames = Vec::new();
        let found = match self.follow(message, &mut cnames) {
            Err(fault) => Found::Nothing(fault),
            Ok(end) => match message.metadata.response_code {
                ResponseCode::NoError => self.at_the_end(message, &end, &cnames),
                ResponseCode::NXDomain => Found::Nothing(DnsFault::NxDomain),
                ResponseCode::ServFail => Found::Nothing(DnsFault::ServFail),
                ResponseCode::Refused => Found::Nothing(DnsFault::Refused),
                _ => Found::Nothing(DnsFault::OtherRcode),
            },
        };
        Answer { rcode, cnames, found }
    }

    /// Follows the aliases within the answer to the last name.
    fn follow(&self, message: &Message, cnames: &mut Vec<HostName>) -> Result<Name, DnsFault> {
        let mut owner = self.dns_name.clone().ok_or(DnsFault::Malformed)?;
        let mut seen = vec![owner.clone()];
        while let Some(target) = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == owner && record.dns_class == DNSClass::IN => Some(target.0.clone()),
            _ => None,
        }) {
            // the C library does not accept an alias that is no host name either
            cnames.push(HostName::parse(&target.to_ascii()).map_err(|_| DnsFault::Malformed)?);
            if cnames.len() > MOST_ALIASES || seen.contains(&target) {
                return Err(DnsFault::CnameLoop);
            }
            seen.push(target.clone());
            owner = target;
        }
        Ok(owner)
    }

    fn at_the_end(&self, message: &Message, end: &Name, cnames: &[HostName]) -> Found {
        let mut addresses: Vec<Address> = Vec::new();
        for record in message.answers.iter().filter(|record| record.name == *end && record.dns_class == DNSClass::IN) {
            let ip: IpAddr = match (&record.data, self.kind) {
                (RData::A(ip), RecordType::A) => ip.0.into(),
                (RData::AAAA(ip), RecordType::Aaaa) => ip.0.into(),
                _ => continue,
            };
            if addresses.len() < MOST_ADDRESSES && addresses.iter().all(|known| known.ip != ip) {
                addresses.push(Address { ip, ttl: Some(record.ttl) });
            }
        }
        let is_final = message.authorities.iter().any(|record| matches!(record.data, RData::SOA(_)));
        match cnames.last() {
            _ if !addresses.is_empty() => Found::Addresses(addresses),
            Some(target) if !is_final => Found::Elsewhere(target.clone()),
            Some(_) | None => Found::Nothing(DnsFault::NoData),
        }
    }

    fn is_echoed_by(&self, question: &Query) -> bool {
        // names compare without regard to case
        question.query_type() == self.rr_type()
            && question.query_class() == DNSClass::IN
            && self.dns_name.as_ref() == Some(question.name())
    }

    fn rr_type(&self) -> rr::RecordType {
        match self.kind {
            RecordType::A => rr::RecordType::A,
            RecordType::Aaaa => rr::RecordType::AAAA,
        }
    }
}

/// An id that nobody can guess, straight from the kernel; the library's own source opens devices first in a static binary.
fn random_id() -> Option<u16> {
    let mut id = [0; 2];
    SystemRandom::new().fill(&mut id).ok()?;
    Some(u16::from_ne_bytes(id))
}

/// The answers of a message up to where it was cut, which may be within a record.
fn whole_records(header: &Header, decoder: &mut BinDecoder<'_>) -> Message {
    let mut message = Message::response(header.metadata.id, OpCode::Query);
    message.metadata.response_code = header.metadata.response_code;
    message.add_answers((0..header.counts.answers).map_while(|_| Record::read(decoder).ok()));
    message
}

/// What a datagram may hold without being cut into fragments (DNS Flag Day 2020).
pub(super) const MOST_DATAGRAM_BYTES: u16 = 1232;
/// More than any real chain has.
pub(super) const MOST_ALIASES: usize = 16;
/// More than any real answer has.
pub(super) const MOST_ADDRESSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;
    use std::collections::HashSet;

    const NAME: &str = "a1bc234d5e.execute-api.us-east-1.amazonaws.com";

    fn question() -> Question {
        Question::new(HostName::parse(NAME).unwrap(), RecordType::A)
    }

    /// A good answer to a query, with one alias and two addresses.
    fn reply(id: u16) -> Vec<u8> {
        let owner = question().dns_name.unwrap();
        let target = Name::from_ascii("alias.test.").unwrap();
        let mut message = Message::response(id, OpCode::Query);
        message.add_query(Query::query(owner.clone(), rr::RecordType::A));
        message.add_answer(Record::from_rdata(owner, 60, RData::CNAME(CNAME(target.clone()))));
        message.add_answer(Record::from_rdata(target.clone(), 5, RData::A(A::new(10, 0, 1, 10))));
        message.add_answer(Record::from_rdata(target, 7, RData::A(A::new(10, 0, 1, 11))));
        message.to_vec().unwrap()
    }

    #[test]
    fn no_two_queries_have_ids_that_follow_from_each_other() {
        let ids: Vec<u16> = (0..64).map(|_| question().encode(true).unwrap().id).collect();
        let steps: HashSet<u16> = ids.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        assert!(steps.len() > 32, "{ids:?}");
    }

    #[test]
    fn a_reply_is_read() {
        let Reply::Answer(answer) = question().read(7, &reply(7)) else { panic!("not an answer") };
        let Found::Addresses(addresses) = &answer.found else { panic!("no addresses") };
        assert_eq!(addresses.iter().map(|address| address.ttl).collect::<Vec<_>>(), [Some(5), Some(7)]);
        assert_eq!((answer.rcode, answer.cnames.len()), (0, 1));
        assert_eq!(question().read(8, &reply(7)), Reply::Stray);
    }

    #[test]
    fn a_query_has_room_for_an_answer_of_1232_bytes() {
        let encoded = question().encode(true).unwrap();
        let message = Message::from_vec(&encoded.bytes).unwrap();
        assert_eq!((message.metadata.id, message.max_payload()), (encoded.id, MOST_DATAGRAM_BYTES));
        assert!(Message::from_vec(&question().encode(false).unwrap().bytes).unwrap().edns.is_none());
    }

    /// What must hold of any reply, whatever the bytes.
    fn is_bounded(reply: &Reply) -> bool {
        match reply {
            Reply::Stray | Reply::Truncated { rest: None, .. } | Reply::Unreadable => true,
            Reply::Answer(answer) | Reply::Truncated { rest: Some(answer), .. } => {
                let addresses = match &answer.found {
                    Found::Addresses(addresses) => addresses.len(),
                    Found::Elsewhere(_) | Found::Nothing(_) => 0,
                };
                addresses <= MOST_ADDRESSES && answer.cnames.len() <= MOST_ALIASES + 1
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(is_bounded(&question().read(7, &bytes)));
        }

        #[test]
        fn any_damage_to_a_reply_is_survived(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            length in any::<prop::sample::Index>(),
        ) {
            let mut bytes = reply(7);
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            prop_assert!(is_bounded(&question().read(7, &bytes)));
            bytes.truncate(length.index(bytes.len()));
            prop_assert!(is_bounded(&question().read(7, &bytes)));
        }
    }
}
