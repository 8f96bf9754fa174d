//! Bytes, digests, leaves, disclosures and trees: the evidence format, pure.
