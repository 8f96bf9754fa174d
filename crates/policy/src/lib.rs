//! Cedar policies with obligations: auto, approval or deny, explained; pure.
