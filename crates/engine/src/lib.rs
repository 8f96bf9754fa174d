//! Load, decide, commit; and the workers.
