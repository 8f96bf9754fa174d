//! The actionplane binary: REST, CLI and wiring.
