//! Sealed fields, classed: what is disclosed, what is erased, what is withheld. None is passed over in silence.

use std::collections::BTreeMap;

use proof::json::Value;
use proof::leaf::SdDigest;

use crate::acts::Tombstone;

/// One sealed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Its value is in the bundle.
    Disclosed(Value),
    /// It was erased, which the log says.
    Erased(Tombstone),
    /// It is not in the bundle, and the log does not say that it was erased.
    Withheld,
}

impl Field {
    /// The value, where it is in the bundle.
    pub fn disclosed(&self) -> Option<&Value> {
        match self {
            Self::Disclosed(value) => Some(value),
            Self::Erased(_) | Self::Withheld => None,
        }
    }
}

/// How many fields are of which class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the bundle.
    pub disclosed: u64,
    /// Erased.
    pub erased: u64,
    /// Held back.
    pub withheld: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, field: &Field) {
        match field {
            Field::Disclosed(_) => self.disclosed += 1,
            Field::Erased(_) => self.erased += 1,
            Field::Withheld => self.withheld += 1,
        }
    }

    /// Whether every field is disclosed.
    pub fn is_all_disclosed(&self) -> bool {
        self.erased == 0 && self.withheld == 0
    }
}

/// What is known of every sealed field in scope.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Disclosed values with their names, large ones whole.
    disclosed: BTreeMap<SdDigest, (String, Value)>,
    tombstones: BTreeMap<SdDigest, Tombstone>,
}

impl Values {
    /// Of these disclosures and erasures.
    pub fn new(
        disclosed: BTreeMap<SdDigest, (String, Value)>,
        tombstones: BTreeMap<SdDigest, Tombstone>,
    ) -> Self {
        Self { disclosed, tombstones }
    }

    /// One field, by its digest.
    pub fn field(&self, digest: &SdDigest) -> Field {
        if let Some((_, value)) = self.disclosed.get(digest) {
            Field::Disclosed(value.clone())
        } else if let Some(tombstone) = self.tombstones.get(digest) {
            Field::Erased(tombstone.clone())
        } else {
            Field::Withheld
        }
    }

    /// The value of this name among the sealed fields of one holder.
    pub fn named(&self, digests: &[SdDigest], name: &str) -> Option<&Value> {
        let mut values = digests.iter().filter_map(|digest| self.disclosed.get(digest));
        values.find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The sealed fields of one holder by name. A digest does not tell its name: of fields that are not disclosed, some
    /// erased and some withheld, it is not known which is which, and all of them are said to be withheld.
    pub fn by_name(&self, digests: &[SdDigest], names: &[&str]) -> BTreeMap<String, Field> {
        let hidden: Vec<Field> = digests
            .iter()
            .filter(|digest| !self.disclosed.contains_key(digest))
            .map(|digest| self.field(digest))
            .collect();
        let all_erased = hidden.iter().all(|field| matches!(field, Field::Erased(_)));
        let rest = hidden.first().filter(|_| all_erased).cloned().unwrap_or(Field::Withheld);
        let told = |name: &&str| {
            let field = self.named(digests, name).cloned().map_or_else(|| rest.clone(), Field::Disclosed);
            ((*name).to_owned(), field)
        };
        names.iter().map(told).collect()
    }

    /// The tombstone of a field, also of one that is disclosed in spite of it.
    pub fn tombstone(&self, digest: &SdDigest) -> Option<&Tombstone> {
        self.tombstones.get(digest)
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use proof::disclosure::Disclosure;

    use super::*;

    fn digest(n: u8) -> SdDigest {
        Disclosure::seal([n; 32], "any", &Value::Null).unwrap().digest
    }

    #[test]
    fn what_is_not_disclosed_is_erased_only_when_all_of_it_is() {
        let tombstone =
            Tombstone { index: 7, time: Timestamp::from_millis(0), basis: "gdpr-17-1-b".to_owned() };
        let disclosed = BTreeMap::from([(digest(1), ("reason".to_owned(), Value::from("why")))]);
        let values = Values::new(disclosed, BTreeMap::from([(digest(2), tombstone.clone())]));
        let told = |digests: &[SdDigest]| values.by_name(digests, &["model", "reason"]);
        let reason = ("reason".to_owned(), Field::Disclosed("why".into()));
        let erased = ("model".to_owned(), Field::Erased(tombstone));
        let withheld = ("model".to_owned(), Field::Withheld);
        assert_eq!(told(&[digest(1), digest(2)]), BTreeMap::from([reason.clone(), erased]));
        assert_eq!(told(&[digest(1), digest(3)]), BTreeMap::from([reason, withheld]));
        let mixed = told(&[digest(2), digest(3)]);
        assert!(mixed.values().all(|field| *field == Field::Withheld), "{mixed:?}");
    }

    #[test]
    fn fields_are_counted_by_class() {
        let mut counts = Counts::default();
        assert!(counts.is_all_disclosed());
        counts.add(&Field::Disclosed(Value::Null));
        assert!(counts.is_all_disclosed());
        counts.add(&Field::Withheld);
        assert_eq!(
            (counts, counts.is_all_disclosed()),
            (Counts { disclosed: 1, erased: 0, withheld: 1 }, false)
        );
    }
}
