//! Sign in, sign out, and the one file that remembers the session: `$XDG_CONFIG_HOME/actionplane/token`, readable by its
//! owner alone. A stored session is used only for the server that gave it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::Client;
use super::failure::{Ending, Failure, Result};
use super::output::{Output, ask, ask_hidden, line, stdout};
use super::paint::{DIM, Lines, paint, printable};
use super::{Context, Global, words};

/// Sign in.
#[derive(Debug, Args)]
pub struct Login {
    /// User name; asked for when it is left out
    #[arg(long, short)]
    username: Option<String>,
    /// The workspace
    #[arg(long)]
    workspace: Option<String>,
    /// Read the password from standard input, for scripts
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    url: String,
    token: String,
}

/// A session as the server opens it.
#[derive(Deserialize)]
struct Session {
    person: Person,
    expires: String,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    username: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

impl Login {
    pub(super) async fn run(self, global: &Global, output: &Output) -> Result {
        let client = Client::new(&global.url, None)?;
        let username = match self.username {
            Some(username) => username,
            None => ask("User name")?,
        };
        let password = if self.password_stdin { line()? } else { ask_hidden("Password")? };
        let mut body = json!({ "username": username, "password": password, "bearer": true });
        if let (Some(workspace), Some(members)) = (self.workspace, body.as_object_mut()) {
            members.insert("workspace".to_owned(), workspace.into());
        }
        let reply = client.post(&["v1", "sessions"], body).send().await?;
        let session: Session = reply.read()?;
        let token = session.token.clone().ok_or_else(|| Failure::Answer {
            url: client.base().to_owned(),
            what: "the session has no token".to_owned(),
        })?;
        store(&path()?, &Stored { url: client.base().to_owned(), token })?;
        output.answer(&reply, || {
            let until = words::moment(&session.expires);
            Ok(format!("{}\n{}\n", session.person.said(), paint(DIM, &format!("until {until}"))))
        })
    }
}

impl Person {
    fn said(&self) -> String {
        let list = |words: &[String], none: &str| {
            if words.is_empty() { none.to_owned() } else { printable(&words.join(", ")) }
        };
        format!(
            "Signed in as {} ({}) · roles: {} · groups: {}",
            words::strong(&self.name),
            printable(&self.username),
            list(&self.roles, "none"),
            list(&self.groups, "none")
        )
    }
}

/// Ends the session at the server and forgets it.
pub(super) async fn logout(global: &Global, output: &Output) -> Result {
    let Some(token) = stored(&global.url)? else {
        if !output.is_json() {
            stdout("Nobody is signed in here.\n");
        }
        return Ok(Ending::Done);
    };
    let client = Client::new(&global.url, Some(token))?;
    let ended = client.delete(&["v1", "sessions", "current"]).send().await;
    let path = path()?;
    fs::remove_file(&path).map_err(Failure::writing(&path))?;
    match ended {
        // The server knows of no such session any more, which is what was wanted.
        Err(failure) if failure.code() != Some("unauthenticated") => Err(failure),
        _ => {
            if !output.is_json() {
                stdout("Signed out.\n");
            }
            Ok(Ending::Done)
        }
    }
}

/// Who the token speaks for.
pub(super) async fn whoami(context: &Context) -> Result {
    let reply = context.client.get(&["v1", "me"]).send().await?;
    let value: Value = reply.read()?;
    context.output.answer(&reply, || {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(printable);
        let name = text("name").or_else(|| text("id")).unwrap_or_default();
        let mut said = format!("{}\n", words::strong(&name));
        for member in ["id", "kind", "username", "title"] {
            said.extend(text(member).map(|text| format!("  {member}: {text}\n")));
        }
        for member in ["roles", "groups", "teams"] {
            let list = value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let list: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            if !list.is_empty() {
                said.line(format!("  {member}: {}", printable(&list.join(", "))));
            }
        }
        Ok(said)
    })
}

/// The token of the stored session, if it is one of this server.
pub(super) fn stored(url: &str) -> Result<Option<String>> {
    stored_at(&path()?, url)
}

fn stored_at(path: &Path, url: &str) -> Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(Failure::reading(path)(fault)),
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|_| Failure::Other {
        what: format!("`{}` is no stored session", path.display()),
        hint: Some("sign in again with `actionplane login`".to_owned()),
    })?;
    Ok((stored.url.trim_end_matches('/') == url.trim_end_matches('/')).then_some(stored.token))
}

fn store(path: &Path, session: &Stored) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Failure::writing(folder))?;
    }
    let text = serde_json::to_string(session).map_err(|fault| Failure::other(fault.to_string()))?;
    // A new file, so that the mode holds even where an older one was readable by others.
    let fresh = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&fresh);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&fresh, path)
    };
    write().map_err(Failure::writing(path))
}

fn path() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let config = config.ok_or_else(|| Failure::other("neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(config.join("actionplane").join("token"))
}

#[cfg(test)]
mod tests;
