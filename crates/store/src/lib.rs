//! Durable state: one commit, one transaction.
