//! A record of the journal, see the description of the room: a head of fixed length, then the job as JSON, then the mail.

use super::source::MailSource;
use crate::core::id::JobId;
use crate::core::job::Job;

/// The format that is written. The one before it was a file for each mail.
pub(super) const FORMAT: u8 = 2;
/// The length of a head, in octets.
pub(super) const HEAD_OCTETS: u64 = 72;
/// The octets of a head before those that its checksum is about: the salt and the checksum.
const UNSUMMED: usize = 12;

/// A job's id, as a number.
pub(super) type JobKey = u128;

/// The number that an id is: it has 32 hexadecimal digits.
pub(super) fn key_of(id: &JobId) -> JobKey {
    JobKey::from_str_radix(id.as_str(), 16).unwrap_or_default()
}

/// The id that is this number.
pub(super) fn id_of(key: JobKey) -> Option<JobId> {
    JobId::parse(&format!("{key:032x}"))
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// The first of a segment. Its `sequence` is the number of the segment before it, its `durable` where that one ends.
    Begin,
    /// A mail with its job, which takes the place of all before it with the same id.
    Mail,
    /// What came before with this id is settled.
    Gone,
    /// Nothing but where the durable part ends.
    Synced,
}

impl RecordKind {
    fn number(self) -> u8 {
        match self {
            Self::Begin => 0,
            Self::Mail => 1,
            Self::Gone => 2,
            Self::Synced => 3,
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Begin, Self::Mail, Self::Gone, Self::Synced]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// The head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHead {
    pub(super) kind: RecordKind,
    pub(super) key: JobKey,
    pub(super) sequence: u64,
    pub(super) job_octets: u32,
    pub(super) mail_octets: u32,
    pub(super) job_sum: u32,
    pub(super) mail_sum: u32,
    /// Up to where its segment was durable when it was written.
    pub(super) durable: u64,
}

/// What was found where a head should be.
pub(super) enum Parsed {
    Head(RecordHead),
    /// A head, of this later format.
    Newer(u8),
    Nothing,
}

impl RecordHead {
    /// With nothing after it.
    pub(super) fn bare(kind: RecordKind, key: JobKey, sequence: u64) -> Self {
        let nothing = crc32fast::hash(&[]);
        Self {
            kind,
            key,
            sequence,
            job_octets: 0,
            mail_octets: 0,
            job_sum: nothing,
            mail_sum: nothing,
            durable: 0,
        }
    }

    /// Of the whole record.
    pub(super) fn octets(&self) -> u64 {
        HEAD_OCTETS
            .saturating_add(self.job_octets.into())
            .saturating_add(self.mail_octets.into())
    }

    /// As it is written at this place of the segment with this salt.
    pub(super) fn write(&self, salt: u64, at: u64, to: &mut Vec<u8>) {
        let mut rest = Vec::with_capacity(64);
        rest.extend([self.kind.number(), FORMAT, 0, 0]);
        rest.extend(self.key.to_be_bytes());
        rest.extend(self.sequence.to_le_bytes());
        rest.extend(self.job_octets.to_le_bytes());
        rest.extend(self.mail_octets.to_le_bytes());
        rest.extend(self.job_sum.to_le_bytes());
        rest.extend(self.mail_sum.to_le_bytes());
        rest.extend(at.to_le_bytes());
        rest.extend(self.durable.to_le_bytes());
        to.extend(salt.to_le_bytes());
        to.extend(crc32fast::hash(&rest).to_le_bytes());
        to.extend(rest);
    }

    /// Reads what stands at this place.
    pub(super) fn parse(octets: &[u8], salt: u64, at: u64) -> Parsed {
        Self::parsed(octets, salt, at).unwrap_or(Parsed::Nothing)
    }

    fn parsed(octets: &[u8], salt: u64, at: u64) -> Option<Parsed> {
        let head = octets.get(..usize::try_from(HEAD_OCTETS).ok()?)?;
        let summed = head.get(UNSUMMED..)?;
        let mut rest = head;
        let is_one = u64::from_le_bytes(take(&mut rest)?) == salt
            && u32::from_le_bytes(take(&mut rest)?) == crc32fast::hash(summed);
        if !is_one {
            return None;
        }
        let [kind, format, ..]: [u8; 4] = take(&mut rest)?;
        if format > FORMAT {
            return Some(Parsed::Newer(format));
        }
        let head = Self {
            kind: RecordKind::of(kind).filter(|_| format == FORMAT)?,
            key: JobKey::from_be_bytes(take(&mut rest)?),
            sequence: u64::from_le_bytes(take(&mut rest)?),
            job_octets: u32::from_le_bytes(take(&mut rest)?),
            mail_octets: u32::from_le_bytes(take(&mut rest)?),
            job_sum: u32::from_le_bytes(take(&mut rest)?),
            mail_sum: u32::from_le_bytes(take(&mut rest)?),
            durable: {
                let is_its_place = u64::from_le_bytes(take(&mut rest)?) == at;
                is_its_place.then_some(())?;
                u64::from_le_bytes(take(&mut rest)?)
            },
        };
        Some(Parsed::Head(head))
    }
}

fn take<const N: usize>(octets: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = octets.split_first_chunk::<N>()?;
    *octets = rest;
    Some(*first)
}

/// A record that is to be written: all but its place.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) head: RecordHead,
    pub(super) job: Vec<u8>,
    pub(super) mail: MailSource,
}

impl Encoded {
    pub(super) fn of(job: &Job, mail: MailSource) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_vec(job)?;
        let too_long = |_| serde::ser::Error::custom("it is longer than 4 GB");
        let head = RecordHead {
            job_octets: u32::try_from(json.len()).map_err(too_long)?,
            mail_octets: u32::try_from(mail.octets()).map_err(too_long)?,
            job_sum: crc32fast::hash(&json),
            mail_sum: mail.sum(),
            ..RecordHead::bare(RecordKind::Mail, key_of(&job.id), job.sequence)
        };
        let job = json;
        Ok(Self { head, job, mail })
    }

    pub(super) fn bare(kind: RecordKind, key: JobKey, sequence: u64) -> Self {
        Self {
            head: RecordHead::bare(kind, key, sequence),
            job: Vec::new(),
            mail: Vec::new().into(),
        }
    }

    /// All but the mail, as it is written at this place.
    pub(super) fn write_front(&self, salt: u64, at: u64, durable: u64, to: &mut Vec<u8>) {
        let head = RecordHead {
            durable,
            ..self.head
        };
        head.write(salt, at, to);
        to.extend(&self.job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written_and_only_there_and_only_whole() {
        let head = RecordHead {
            job_octets: 7,
            mail_octets: 9,
            durable: 5,
            ..RecordHead::bare(RecordKind::Mail, 77, 12)
        };
        let mut octets = Vec::new();
        head.write(3, 1000, &mut octets);
        assert_eq!(octets.len(), 72);
        let reads = |octets: &[u8], salt, at| match RecordHead::parse(octets, salt, at) {
            Parsed::Head(head) => Some(head),
            _ => None,
        };
        assert_eq!(reads(&octets, 3, 1000), Some(head));
        assert_eq!(reads(&octets, 4, 1000), None);
        assert_eq!(reads(&octets, 3, 1001), None);
        for place in 0..octets.len() {
            let mut torn = octets.clone();
            torn[place] ^= 4;
            assert_eq!(reads(&torn, 3, 1000), None, "{place}");
            assert_eq!(reads(&octets[..place], 3, 1000), None, "{place}");
        }
    }

    #[test]
    fn an_id_is_a_number_and_back() {
        let id = JobId::of_name(&["one"]);
        assert_eq!(id_of(key_of(&id)), Some(id));
    }
}
