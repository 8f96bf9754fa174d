//! Servers that speak vendors' wire protocols, seeded and with faults.
