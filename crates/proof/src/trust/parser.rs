//! Reads the lines of a trust policy. A word that starts with `#` begins a comment, also at the end of a line.

use std::collections::BTreeSet;

use super::{
    GROUPS_MAX, Group, LOGS_MAX, TRUST_POLICY_BYTES_MAX, TrustFault, TrustPolicy, TrustedLog, WITNESSES_MAX,
    Witness,
};
use crate::lines::decimal;
use crate::note::{KeyKind, VerifierKey};

/// The quorum that asks for no witness; no witness or group may have this name.
pub(super) const NONE: &str = "none";

pub(super) fn parse(bytes: &[u8]) -> Result<TrustPolicy, TrustFault> {
    if bytes.len() > TRUST_POLICY_BYTES_MAX {
        return Err(TrustFault::TooLarge);
    }
    let text = str::from_utf8(bytes).map_err(|_| TrustFault::Text)?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(TrustFault::Text);
    }
    let mut parser = Parser::default();
    for (index, line) in text.split_terminator('\n').enumerate() {
        parser.line(index + 1, line)?;
    }
    let Parser { logs, witnesses, groups, quorum, .. } = parser;
    if logs.is_empty() {
        return Err(TrustFault::NoLog);
    }
    let quorum = Some(quorum.ok_or(TrustFault::NoQuorum)?).filter(|name| name != NONE);
    Ok(TrustPolicy { logs, witnesses, groups, quorum })
}

#[derive(Default)]
struct Parser {
    logs: Vec<TrustedLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// What the quorum line says, if it came.
    quorum: Option<String>,
    names: BTreeSet<String>,
    members: BTreeSet<String>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), TrustFault> {
        if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(TrustFault::Control(number));
        }
        let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let words: Vec<_> = words.take_while(|word| !word.starts_with('#')).collect();
        match words.as_slice() {
            [] => Ok(()),
            ["log", vkey] => self.log(number, vkey, None),
            ["log", vkey, url] => self.log(number, vkey, Some(url)),
            ["witness", name, vkey] => self.witness(number, name, vkey, None),
            ["witness", name, vkey, url] => self.witness(number, name, vkey, Some(url)),
            ["group", name, threshold, members @ ..] => self.group(number, name, threshold, members),
            ["quorum", name] => self.quorum(number, name),
            _ => Err(TrustFault::Form(number)),
        }
    }

    fn log(&mut self, number: usize, vkey: &str, url: Option<&&str>) -> Result<(), TrustFault> {
        let known = self.logs.iter().map(|log| &log.key);
        let key = key(number, vkey, KeyKind::Ed25519, known)?;
        self.logs.push(TrustedLog { key, url: owned(url) });
        at_most(LOGS_MAX, self.logs.len(), number)
    }

    fn witness(
        &mut self,
        number: usize,
        name: &str,
        vkey: &str,
        url: Option<&&str>,
    ) -> Result<(), TrustFault> {
        self.define(number, name)?;
        let known = self.witnesses.iter().map(|witness| &witness.key);
        let key = key(number, vkey, KeyKind::CosignatureV1, known)?;
        self.witnesses.push(Witness { name: name.to_owned(), key, url: owned(url) });
        at_most(WITNESSES_MAX, self.witnesses.len(), number)
    }

    fn group(
        &mut self,
        number: usize,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), TrustFault> {
        for member in members {
            if !self.names.contains(*member) {
                return Err(TrustFault::NameUnknown(number));
            }
            // So that each witness counts in one way only.
            if !self.members.insert((*member).to_owned()) {
                return Err(TrustFault::MemberTwice(number));
            }
        }
        self.define(number, name)?;
        let threshold = match threshold {
            "any" => Some(1),
            "all" => Some(members.len()),
            number => decimal(number),
        };
        let threshold = threshold.filter(|threshold| (1..=members.len()).contains(threshold));
        let threshold = threshold.ok_or(TrustFault::Threshold(number))?;
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), threshold, members });
        at_most(GROUPS_MAX, self.groups.len(), number)
    }

    fn quorum(&mut self, number: usize, name: &str) -> Result<(), TrustFault> {
        if self.quorum.is_some() {
            return Err(TrustFault::QuorumTwice(number));
        }
        if name != NONE && !self.names.contains(name) {
            return Err(TrustFault::NameUnknown(number));
        }
        self.quorum = Some(name.to_owned());
        Ok(())
    }

    fn define(&mut self, number: usize, name: &str) -> Result<(), TrustFault> {
        let free = name != NONE && self.names.insert(name.to_owned());
        if free { Ok(()) } else { Err(TrustFault::NameTaken(number)) }
    }
}

/// A key of the right kind that no earlier line has. The same public key under another name is the same key; two
/// keys of one name and id could not be told apart.
fn key<'k>(
    number: usize,
    vkey: &str,
    kind: KeyKind,
    mut known: impl Iterator<Item = &'k VerifierKey>,
) -> Result<VerifierKey, TrustFault> {
    let key = VerifierKey::parse(vkey).ok().filter(|key| key.kind() == kind);
    let key = key.ok_or(TrustFault::Vkey(number))?;
    let same = |old: &VerifierKey| {
        old.public() == key.public() || (old.name() == key.name() && old.id() == key.id())
    };
    if known.any(same) { Err(TrustFault::KeyTwice(number)) } else { Ok(key) }
}

fn owned(url: Option<&&str>) -> Option<String> {
    url.map(|url| (*url).to_owned())
}

fn at_most(max: usize, count: usize, number: usize) -> Result<(), TrustFault> {
    if count <= max { Ok(()) } else { Err(TrustFault::TooMany(number)) }
}
