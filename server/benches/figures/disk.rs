//! What the disk takes to make a write last: the floor under every other figure.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::{Figure, spread};

const WRITES: usize = 500;

pub fn measure(folder: &Path) -> [Figure; 2] {
    let mut file = File::create(folder.join("writes")).expect("a file");
    let mut times: Vec<_> = (0..WRITES)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[0; 4096]).expect("written");
            file.sync_data().expect("it lasts");
            begun.elapsed()
        })
        .collect();
    spread("fdatasync", &mut times)
}
