//! The key file: wrapped data keys, and a memory of the ones used lately.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::WorkspaceId;
use domain::name::Slug;
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use crate::commit::Checked;
use crate::error::{Error, OpenError};
use crate::evidence::OpenDisclosure;
use crate::sqlite::checkpoint::empty_log;
use crate::sqlite::evidence::SealedRow;
use crate::sqlite::migrate::{KEYS, migrate};
use crate::sqlite::readers::Readers;
use crate::sqlite::writer::Writer;
use crate::sqlite::{column, connect};
use crate::vault::recent::Recent;
use crate::vault::{DataKey, KeyId, KeyName, Vault};

/// Unwrapped keys that stay in memory, counted in each of two indexes.
const KEYS_REMEMBERED_MAX: usize = 16_384;

/// Finds, makes and destroys data keys.
pub(super) struct Keys {
    vault: Arc<Vault>,
    writer: Writer,
    readers: Readers,
    memory: Mutex<Memory>,
}

struct Memory {
    by_name: Recent<KeyName, Arc<DataKey>>,
    by_id: Recent<KeyId, Arc<DataKey>>,
}

impl Keys {
    /// Opens the key file, which must belong to the vault's key-encryption key, without the keys that are destroyed.
    pub fn open(path: &Path, vault: Vault, destroyed: &[KeyId]) -> Result<Self, OpenError> {
        let vault = Arc::new(vault);
        let mut conn = connect::writer(path)?;
        migrate(&mut conn, KEYS)?;
        match column::first::<Vec<u8>>(&conn, "SELECT sealed FROM mark", ())? {
            Some(mark) if vault.knows(&mark) => {}
            Some(_) => return Err(OpenError::WrongKey),
            None => {
                let mark = vault.mark().map_err(Error::from)?;
                column::execute(&conn, "INSERT INTO mark (sealed) VALUES (?1)", [mark])?;
            }
        }
        delete(&conn, destroyed)?;
        let writer = Writer::start("keys", conn, |_| ());
        let writer = writer.map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let half = KEYS_REMEMBERED_MAX / 2;
        let memory = Mutex::new(Memory { by_name: Recent::new(half), by_id: Recent::new(half) });
        Ok(Self { vault, writer, readers: Readers::new(path.to_owned()), memory })
    }

    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Seals the disclosures of a commit, in their order. New keys are on stable storage before this answers.
    pub async fn seal(&self, checked: &Checked) -> Result<Vec<(Arc<DataKey>, Vec<u8>)>, Error> {
        let disclosures = &checked.commit.disclosures;
        let name = |subject, class: &Slug| KeyName {
            workspace: checked.commit.workspace,
            subject,
            class: class.as_str().to_owned(),
        };
        let names: BTreeSet<KeyName> = disclosures.iter().map(|new| name(new.subject, &new.class)).collect();
        let keys = self.keys(names, checked.commit.now).await?;
        let mut sealed = Vec::with_capacity(disclosures.len());
        for new in disclosures {
            let key = keys.get(&name(new.subject, &new.class)).ok_or(Error::corrupt("data key"))?;
            let bytes = key.seal(&new.holder, &new.disclosure.digest, &new.disclosure.text)?;
            sealed.push((Arc::clone(key), bytes));
        }
        Ok(sealed)
    }

    async fn keys(
        &self,
        names: BTreeSet<KeyName>,
        now: Timestamp,
    ) -> Result<BTreeMap<KeyName, Arc<DataKey>>, Error> {
        let mut keys = BTreeMap::new();
        let mut missing = Vec::new();
        for name in names {
            match self.memory().by_name.get(&name) {
                Some(key) => drop(keys.insert(name, key)),
                None => missing.push(name),
            }
        }
        if !missing.is_empty() {
            let vault = Arc::clone(&self.vault);
            let found = self.writer.run(move |conn| {
                missing
                    .into_iter()
                    .map(|name| find_or_make(conn, &vault, name, now))
                    .collect::<Result<Vec<_>, _>>()
            });
            for key in found.await? {
                keys.insert(key.name.clone(), self.remember(key));
            }
        }
        Ok(keys)
    }

    /// Opens stored disclosures. One whose key is gone was erased and is left out.
    pub fn open_rows(&self, rows: Vec<SealedRow>) -> Result<Vec<OpenDisclosure>, Error> {
        let mut keys: HashMap<KeyId, Option<Arc<DataKey>>> = HashMap::new();
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match keys.get(&row.key) {
                Some(key) => key.clone(),
                None => keys.entry(row.key).or_insert(self.by_id(row.key)?).clone(),
            };
            if let Some(key) = key {
                let text = key.open(&row.holder, &row.digest, &row.sealed)?;
                let open = OpenDisclosure::new(row.holder, &row.digest, text);
                opened.push(open.ok_or(Error::corrupt("disclosure"))?);
            }
        }
        Ok(opened)
    }

    fn by_id(&self, id: KeyId) -> Result<Option<Arc<DataKey>>, Error> {
        if let Some(key) = self.memory().by_id.get(&id) {
            return Ok(Some(key));
        }
        let sql = "SELECT workspace, subject, class, wrapped FROM data_key WHERE id = ?1";
        let found = self.readers.point(|conn| {
            column::row(conn, sql, [id], |row| {
                let workspace =
                    column::id_at(row, 0, WorkspaceId::parse)?.ok_or(Error::corrupt("data key"))?;
                let name = KeyName { workspace, subject: row.get(1)?, class: row.get(2)? };
                Ok(self.vault.unwrap(id, name, &row.get::<_, Vec<u8>>(3)?)?)
            })
        })?;
        Ok(found.map(|key| self.remember(key)))
    }

    /// Destroys keys: afterwards neither the key file nor its log nor memory holds them.
    pub async fn destroy(&self, keys: &[(KeyId, KeyName)]) -> Result<(), Error> {
        let ids = keys.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        self.writer.run(move |conn| delete(conn, &ids)).await?;
        {
            let mut memory = self.memory();
            for (id, name) in keys {
                memory.by_name.remove(name);
                memory.by_id.remove(id);
            }
        }
        // Nobody else moves pages of this log, and its readers take microseconds.
        self.writer.run_alone(empty_log).await.map(|_| ())
    }

    /// Forgets keys that may have been destroyed elsewhere; live ones are read again.
    pub fn forget(&self, sealed: &[(Arc<DataKey>, Vec<u8>)]) {
        let mut memory = self.memory();
        for (key, _) in sealed {
            memory.by_name.remove(&key.name);
            memory.by_id.remove(&key.id);
        }
    }

    fn remember(&self, key: DataKey) -> Arc<DataKey> {
        let key = Arc::new(key);
        let mut memory = self.memory();
        memory.by_name.put(key.name.clone(), Arc::clone(&key));
        memory.by_id.put(key.id, Arc::clone(&key));
        key
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find_or_make(conn: &Connection, vault: &Vault, name: KeyName, now: Timestamp) -> Result<DataKey, Error> {
    let workspace = name.workspace.to_string();
    let sql = "SELECT id, wrapped FROM data_key WHERE workspace = ?1 AND subject = ?2 AND class = ?3";
    let known: Option<(KeyId, Vec<u8>)> =
        column::row(conn, sql, params![workspace, name.subject, name.class], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if let Some((id, wrapped)) = known {
        return Ok(vault.unwrap(id, name, &wrapped)?);
    }
    let (key, wrapped) = vault.new_key(name, now)?;
    let sql = "INSERT INTO data_key (id, workspace, subject, class, wrapped) VALUES (?1, ?2, ?3, ?4, ?5)";
    column::execute(conn, sql, params![key.id, workspace, key.name.subject, key.name.class, wrapped])?;
    Ok(key)
}

fn delete(conn: &Connection, ids: &[KeyId]) -> Result<(), Error> {
    for id in ids {
        column::execute(conn, "DELETE FROM data_key WHERE id = ?1", [id])?;
    }
    Ok(())
}
