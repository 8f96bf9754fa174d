//! Arithmetic for policies, done here because policies must not do any: exact decimals, no floats, and every doubt
//! rounds toward "a larger change", so that a threshold can only be crossed too early, never too late.

use std::cmp::Ordering;

/// Largest change in basis points, either way (±1,000,000 %). Also stands for "from nothing".
pub const DELTA_BP_MAX: i64 = 100_000_000;

/// Largest amount in minor units, either way: 2^53−1, the largest integer that every JSON reader keeps.
pub const MINOR_UNITS_MAX: i64 = proof::json::INTEGER_MAX;

/// Most digits of a decimal number, before and after the point together: what 128 bits always hold.
pub const DECIMAL_DIGITS_MAX: usize = 38;

/// A text that is no decimal number such as `71400` or `-0.25`, or has more than [`DECIMAL_DIGITS_MAX`] digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most {DECIMAL_DIGITS_MAX} digits, such as 71400 or 71400.00")]
pub struct NotDecimal;

/// The change from `before` to `after` in basis points of `before`'s size, rounded away from zero and clamped to
/// ±[`DELTA_BP_MAX`]. From zero or from nothing, any change counts as the maximum, with the sign of `after`; to nothing
/// counts as to zero.
pub fn delta_bp(before: Option<&str>, after: Option<&str>) -> Result<i64, NotDecimal> {
    let before = before.map(Decimal::parse).transpose()?;
    let after = after.map(Decimal::parse).transpose()?;
    let (Some(base), target) = (before, after.unwrap_or(Decimal::ZERO)) else {
        return Ok(after.map_or(0, |after| if after.negative { -DELTA_BP_MAX } else { DELTA_BP_MAX }));
    };
    if base == target && after.is_some() {
        return Ok(0);
    }
    let falls = base.cmp_value(target) == Ordering::Greater;
    // Too many digits for 128 bits counts like a change from nothing.
    let size = if base.is_zero() { None } else { base.distance_bp(target) };
    let size = size.map_or(DELTA_BP_MAX, |bp| bp.min(DELTA_BP_MAX));
    Ok(if falls { -size } else { size })
}

/// The amount in units of 10^−`scale` (cents for 2), rounded away from zero and clamped to ±[`MINOR_UNITS_MAX`].
pub fn minor_units(amount: &str, scale: u8) -> Result<i64, NotDecimal> {
    let amount = Decimal::parse(amount)?;
    let size = match u32::from(scale).checked_sub(amount.scale) {
        Some(more) => power(more).and_then(|factor| amount.digits.checked_mul(factor)),
        None => Some(amount.digits.div_ceil(power(amount.scale - u32::from(scale)).unwrap_or(u128::MAX))),
    };
    let size = size
        .and_then(|size| i64::try_from(size).ok())
        .map_or(MINOR_UNITS_MAX, |size| size.min(MINOR_UNITS_MAX));
    Ok(if amount.negative { -size } else { size })
}

/// `digits` × 10^−`scale`, without superfluous zeros, so that equal values are equal structures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: u128,
    scale: u32,
}

impl Decimal {
    const ZERO: Self = Self { negative: false, digits: 0, scale: 0 };

    /// Reads an optional minus, digits, and optionally a point and more digits.
    fn parse(text: &str) -> Result<Self, NotDecimal> {
        let (negative, number) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (significant, fraction_digits) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if !all_digits(whole)
            || !all_digits(fraction)
            || significant.len() + fraction_digits.len() > DECIMAL_DIGITS_MAX
        {
            return Err(NotDecimal);
        }
        let digits = format!("0{significant}{fraction_digits}").parse().map_err(|_| NotDecimal)?;
        let scale = u32::try_from(fraction_digits.len()).map_err(|_| NotDecimal)?;
        Ok(if digits == 0 { Self::ZERO } else { Self { negative, digits, scale } })
    }

    fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// Digits of both at the same scale; `None` where 128 bits do not hold them.
    fn aligned(self, other: Self) -> Option<(u128, u128)> {
        let scale = self.scale.max(other.scale);
        let at = |number: Self| number.digits.checked_mul(power(scale - number.scale)?);
        Some((at(self)?, at(other)?))
    }

    fn cmp_value(self, other: Self) -> Ordering {
        let size = |less: bool| if less { Ordering::Less } else { Ordering::Greater };
        if self.negative != other.negative && !(self.is_zero() && other.is_zero()) {
            return size(self.negative);
        }
        // When alignment overflows, the one with fewer decimals is the larger by many powers of ten.
        let sizes =
            self.aligned(other).map_or_else(|| other.scale.cmp(&self.scale), |(one, two)| one.cmp(&two));
        if self.negative { sizes.reverse() } else { sizes }
    }

    /// |other − self| in basis points of |self|, rounded up; `None` where 128 bits do not hold it.
    fn distance_bp(self, other: Self) -> Option<i64> {
        let (base, target) = self.aligned(other)?;
        let distance =
            if self.negative == other.negative { base.abs_diff(target) } else { base.checked_add(target)? };
        let bp = distance.checked_mul(10_000)?.div_ceil(base);
        Some(i64::try_from(bp).unwrap_or(DELTA_BP_MAX))
    }
}

fn power(exponent: u32) -> Option<u128> {
    10_u128.checked_pow(exponent)
}

#[cfg(test)]
mod tests;
