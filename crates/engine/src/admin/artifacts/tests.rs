use super::*;

fn check(media_type: &str, bytes: usize) -> std::result::Result<(), Code> {
    let new = NewArtifact { name: "n".to_owned(), media_type: media_type.to_owned(), bytes: vec![0; bytes] };
    check_content(&new).map_err(|error| error.code)
}

#[test]
fn a_file_has_a_largest_size_and_a_plain_media_type() {
    assert_eq!(check("text/plain", ARTIFACT_BYTES_MAX), Ok(()));
    assert_eq!(check("text/plain", ARTIFACT_BYTES_MAX + 1), Err(Code::BodyTooLarge));
    assert_eq!(check("application/vnd.api+json", 0), Ok(()));
    let long = format!("text/{}", "x".repeat(MEDIA_TYPE_LEN_MAX));
    for bad in ["", "text", "text/", "/plain", "text/html; charset=utf-8", "text/a b", "a/b/c", &long] {
        assert_eq!(check(bad, 0), Err(Code::UnsupportedMediaType), "{bad}");
    }
}

#[test]
fn the_frame_of_the_largest_file_in_the_most_runs_fits_an_entity() {
    let run = "run_01h455vb4pex5vsknk084sn02q".to_owned();
    let header = Header { media_type: "x".repeat(MEDIA_TYPE_LEN_MAX), runs: vec![run; RUNS_MAX] };
    // Version, wrapped key with nonce and tag, content with nonce and tag.
    let sealed = vec![0; 1 + 60 + 28 + ARTIFACT_BYTES_MAX];
    let framed = framed(&header, &sealed).unwrap();
    assert!(framed.len() <= store::entity::BODY_BYTES_MAX, "{}", framed.len());
    let (read, rest) = unframed(&framed).unwrap();
    assert_eq!((read.runs.len(), rest.len()), (RUNS_MAX, sealed.len()));
}

#[test]
fn a_damaged_frame_is_said_to_be_damaged() {
    for damaged in [&b""[..], b"\0\0", b"\0\0\0\x09{}", b"\xff\xff\xff\xff{}", b"\0\0\0\x02[]"] {
        assert!(unframed(damaged).is_err(), "{damaged:?}");
    }
}
