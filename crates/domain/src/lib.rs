//! The governed run: commands in, events out, state as their fold; pure.
