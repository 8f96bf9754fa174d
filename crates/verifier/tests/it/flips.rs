//! One byte changed anywhere.
