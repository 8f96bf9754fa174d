//! Agent versions as semantic versions, which the format asks for.

/// The version itself where it is one; otherwise `0.0.0` with what the agent said as build metadata, or as marked unsaid.
pub(super) fn of(said: Option<&str>) -> String {
    match said {
        None => "0.0.0-unversioned".to_owned(),
        Some(version) if is_semver(version) => version.to_owned(),
        Some(version) => {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            format!("0.0.0+{}", version.chars().map(plain).collect::<String>())
        }
    }
}

/// The grammar of Semantic Versioning 2.0.0, for texts without `+`, which a clear name cannot hold.
fn is_semver(text: &str) -> bool {
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_identifier = |part: &str| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && (!digits || is_number(part))
    };
    numbers.len() == 3
        && numbers.iter().all(|part| is_number(part))
        && pre.is_none_or(|pre| pre.split('.').all(is_identifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_becomes_a_semantic_one() {
        let cases = [
            (None, "0.0.0-unversioned"),
            (Some("1.4.0"), "1.4.0"),
            (Some("1.4.0-rc.1"), "1.4.0-rc.1"),
            (Some("0.0.0--"), "0.0.0--"),
            (Some("2026.11"), "0.0.0+2026-11"),
            (Some("2026.11.04"), "0.0.0+2026-11-04"),
            (Some("1.4.0-01"), "0.0.0+1-4-0-01"),
            (Some("1.4.0-rc..1"), "0.0.0+1-4-0-rc--1"),
            (Some("1.4.0-rc_1"), "0.0.0+1-4-0-rc-1"),
            (Some("v1.4.0"), "0.0.0+v1-4-0"),
            (Some("gpt_x"), "0.0.0+gpt-x"),
        ];
        for (said, expect) in cases {
            assert_eq!(of(said), expect, "{said:?}");
        }
    }
}
