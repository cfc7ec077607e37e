//! Days that a text tells, each with its timeline beside it: looked at by a person once, and the same ever since.
//!
//! After a change that is meant: run this test with `WEIR_UPDATE_SNAPSHOTS=1`, and look at what differs.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn each_script_goes_as_its_timeline_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let entries = fs::read_dir(&folder).expect("the scripts");
    let mut scripts: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    scripts.sort();
    assert!(scripts.len() >= 7, "{scripts:?}");
    for script in scripts {
        let name = script.display();
        let text = fs::read_to_string(&script).expect("a text");
        let (told, violations) = sim::play(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(violations, [], "{name}:\n{told}");
        let golden = script.with_extension("timeline");
        if std::env::var_os("WEIR_UPDATE_SNAPSHOTS").is_some() {
            fs::write(&golden, &told).expect("can be written");
        }
        let known = fs::read_to_string(&golden).unwrap_or_default();
        assert!(
            known == told,
            "{name} goes otherwise: look at it, then run this test with WEIR_UPDATE_SNAPSHOTS=1\n{told}"
        );
    }
}
