//! Interprets DNS responses: the chain of aliases, and the addresses at its end or why there are none.

use crate::observation::{Address, DnsFault, RecordType};
use crate::target::HostName;
use hickory_resolver::proto::op::{Header, Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{self, DNSClass, Name, RData, Record};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinDecoder};
use std::net::IpAddr;

/// A name and the record type to ask for.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) name: HostName,
    pub(super) record_type: RecordType,
    /// The absolute name: no search list applies.
    dns_name: Name,
}

impl Question {
    /// Returns the question for a name; `None` if it is no DNS name.
    pub(super) fn new(name: HostName, record_type: RecordType) -> Option<Self> {
        let mut dns_name = Name::from_ascii(name.as_str()).ok()?;
        dns_name.set_fqdn(true);
        Some(Self { name, record_type, dns_name })
    }

    /// Returns the question as the library has it.
    pub(super) fn to_query(&self) -> Query {
        let record_type = match self.record_type {
            RecordType::A => rr::RecordType::A,
            RecordType::Aaaa => rr::RecordType::AAAA,
        };
        Query::query(self.dns_name.clone(), record_type)
    }

    /// Interprets a response to this question.
    pub(super) fn interpret(&self, response: &Message) -> Answer {
        let mut cnames = Vec::new();
        let data = match self.follow_cnames(response, &mut cnames) {
            Err(fault) => AnswerData::Nothing(fault),
            Ok(last) => match response.metadata.response_code {
                ResponseCode::NoError => self.data_at(&last, response, &cnames),
                ResponseCode::NXDomain => AnswerData::Nothing(DnsFault::NxDomain),
                ResponseCode::ServFail => AnswerData::Nothing(DnsFault::ServFail),
                ResponseCode::Refused => AnswerData::Nothing(DnsFault::Refused),
                _ => AnswerData::Nothing(DnsFault::OtherRcode),
            },
        };
        Answer { cnames, data }
    }

    /// Interprets the records of a truncated datagram up to where it was cut, which may be within a record; `None` without an address.
    pub(super) fn interpret_truncated(&self, datagram: &[u8]) -> Option<Answer> {
        let mut decoder = BinDecoder::new(datagram);
        let header = Header::read(&mut decoder).ok()?;
        Message::read_queries(&mut decoder, header.counts.queries.into()).ok()?;
        let mut message = Message::response(header.metadata.id, OpCode::Query);
        message.metadata.response_code = header.metadata.response_code;
        message.add_answers((0..header.counts.answers).map_while(|_| Record::read(&mut decoder).ok()));
        let answer = self.interpret(&message);
        matches!(answer.data, AnswerData::Addresses(_)).then_some(answer)
    }

    /// Follows the aliases within the response to the last name; the order of the records says nothing.
    fn follow_cnames(&self, response: &Message, cnames: &mut Vec<HostName>) -> Result<Name, DnsFault> {
        let mut owner = self.dns_name.clone();
        let mut seen = vec![owner.clone()];
        while let Some(target) = response.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == owner && record.dns_class == DNSClass::IN => Some(target.0.clone()),
            _ => None,
        }) {
            // the C library does not accept an alias that is no host name either
            cnames.push(HostName::parse(&target.to_ascii()).map_err(|_| DnsFault::Malformed)?);
            if cnames.len() > MAX_CNAMES || seen.contains(&target) {
                return Err(DnsFault::CnameLoop);
            }
            seen.push(target.clone());
            owner = target;
        }
        Ok(owner)
    }

    fn data_at(&self, last: &Name, response: &Message, cnames: &[HostName]) -> AnswerData {
        let mut addresses: Vec<Address> = Vec::new();
        for record in response.answers.iter().filter(|record| record.name == *last && record.dns_class == DNSClass::IN)
        {
            let ip: IpAddr = match (&record.data, self.record_type) {
                (RData::A(ip), RecordType::A) => ip.0.into(),
                (RData::AAAA(ip), RecordType::Aaaa) => ip.0.into(),
                _ => continue,
            };
            if addresses.len() < MAX_ADDRESSES && addresses.iter().all(|known| known.ip != ip) {
                addresses.push(Address { ip, ttl: Some(record.ttl) });
            }
        }
        let is_final = response.authorities.iter().any(|record| matches!(record.data, RData::SOA(_)));
        match cnames.last() {
            _ if !addresses.is_empty() => AnswerData::Addresses(addresses),
            Some(target) if !is_final => AnswerData::Alias(target.clone()),
            Some(_) | None => AnswerData::Nothing(DnsFault::NoData),
        }
    }
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The chain of aliases.
    pub(super) cnames: Vec<HostName>,
    pub(super) data: AnswerData,
}

/// The end of the chain of aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnswerData {
    /// Addresses, in answer order.
    Addresses(Vec<Address>),
    /// A name whose addresses the response does not contain.
    Alias(HostName),
    /// No address.
    Nothing(DnsFault),
}

/// More than any real chain has.
pub(super) const MAX_CNAMES: usize = 16;
/// More than any real answer has.
pub(super) const MAX_ADDRESSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;

    fn question() -> Question {
        let name = HostName::parse("a1bc234d5e.execute-api.us-east-1.amazonaws.com").unwrap();
        Question::new(name, RecordType::A).unwrap()
    }

    /// A good response, with one alias and two addresses.
    fn response() -> Message {
        let query = question().to_query();
        let target = Name::from_ascii("alias.test.").unwrap();
        let mut message = Message::response(7, OpCode::Query);
        message.add_answer(Record::from_rdata(query.name().clone(), 60, RData::CNAME(CNAME(target.clone()))));
        message.add_answer(Record::from_rdata(target.clone(), 5, RData::A(A::new(10, 0, 1, 10))));
        message.add_answer(Record::from_rdata(target, 7, RData::A(A::new(10, 0, 1, 11))));
        message.add_query(query);
        message
    }

    #[test]
    fn addresses_at_the_end_of_an_alias_are_read_with_their_ttl() {
        let answer = question().interpret(&response());
        let AnswerData::Addresses(addresses) = &answer.data else { panic!("no addresses") };
        assert_eq!(addresses.iter().map(|address| address.ttl).collect::<Vec<_>>(), [Some(5), Some(7)]);
        assert_eq!(answer.cnames.len(), 1);
    }

    /// What must hold of any answer, whatever the bytes.
    fn is_bounded(answer: &Answer) -> bool {
        let addresses = match &answer.data {
            AnswerData::Addresses(addresses) => addresses.len(),
            AnswerData::Alias(_) | AnswerData::Nothing(_) => 0,
        };
        addresses <= MAX_ADDRESSES && answer.cnames.len() <= MAX_CNAMES + 1
    }

    fn read(bytes: &[u8]) -> impl Iterator<Item = Answer> {
        let whole = Message::from_vec(bytes).ok().map(|message| question().interpret(&message));
        whole.into_iter().chain(question().interpret_truncated(bytes))
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(read(&bytes).all(|answer| is_bounded(&answer)));
        }

        #[test]
        fn any_damage_to_a_response_is_survived(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            length in any::<prop::sample::Index>(),
        ) {
            let mut bytes = response().to_vec().unwrap();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            prop_assert!(read(&bytes).all(|answer| is_bounded(&answer)));
            bytes.truncate(length.index(bytes.len()));
            prop_assert!(read(&bytes).all(|answer| is_bounded(&answer)));
        }
    }
}
