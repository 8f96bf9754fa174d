//! Systems of record: manifests run by one HTTP connector.
