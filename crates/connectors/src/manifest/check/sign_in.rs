//! How a connector may sign in, and as whom.

use std::collections::BTreeSet;

use super::super::{Auth, Identity, file};
use super::Check;

impl Check<'_> {
    pub(super) fn auth(&mut self, raw: file::Auth) -> Option<Auth> {
        let schemes: BTreeSet<_> = raw.schemes.into_iter().collect();
        if schemes.is_empty() {
            self.fault("auth.schemes", "no way to sign in is named", "name at least one, such as `bearer`");
        }
        let api_key_header =
            raw.api_key_header.and_then(|name| self.header_name("auth.api_key_header", &name));
        if schemes.contains(&file::Scheme::ApiKey) && api_key_header.is_none() {
            self.fault(
                "auth.api_key_header",
                "`api_key` has no header",
                "name the header that carries the key",
            );
        }
        let oauth = [file::Scheme::ClientCredentials, file::Scheme::RefreshToken];
        if oauth.iter().any(|scheme| schemes.contains(scheme)) && raw.token_path.is_none() {
            self.fault(
                "auth.token_path",
                "OAuth 2 has no token endpoint",
                "give its path, such as `/oauth/token`",
            );
        }
        if raw.token_path.as_ref().is_some_and(|path| !path.starts_with('/')) {
            self.fault(
                "auth.token_path",
                "the path does not start with `/`",
                "give a path below the base URL, never another host",
            );
        }
        let identity = match raw.identity {
            None => None,
            Some(identity) => Some(self.identity(identity)?),
        };
        Some(Auth { schemes, api_key_header, token_path: raw.token_path, identity })
    }

    pub(super) fn identity(&mut self, raw: file::Identity) -> Option<Identity> {
        match (raw.path, raw.at, raw.token, raw.user) {
            (Some(path), Some(at), None, false) => Some(Identity::Path {
                path: self.path("auth.identity.path", &path, &[])?,
                at: self.pointer("auth.identity.at", &at)?,
            }),
            (None, None, Some(token), false) => {
                Some(Identity::Token { at: self.pointer("auth.identity.token", &token)? })
            }
            (None, None, None, true) => Some(Identity::User),
            (_, _, _, true | false) => {
                self.fault(
                    "auth.identity",
                    "it is told in one way",
                    "give `path` and `at`, or `token`, or `user = true`",
                );
                None
            }
        }
    }
}
