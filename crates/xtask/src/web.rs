//! The web bundle: WASM module, script and style sheet, named by content, compressed, listed for the server to embed.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::Result;
use crate::console::{self, say};
use crate::workspace::Workspace;

/// For whom is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// This machine: quick to build, large, not compressed.
    Dev,
    /// People: small and quick to run.
    Release,
}

impl Mode {
    /// Where cargo puts the server, below the target folder.
    pub fn server_folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    fn wasm_profile(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "wasm-release",
        }
    }

    fn wasm_file(self) -> &'static str {
        match self {
            Self::Dev => "wasm32-unknown-unknown/debug/frontend.wasm",
            Self::Release => "wasm32-unknown-unknown/wasm-release/frontend.wasm",
        }
    }

    fn site_folder(self) -> &'static str {
        match self {
            Self::Dev => "site/dev",
            Self::Release => "site/release",
        }
    }
}

/// Builds the bundle and gives the folder that the server's feature `embed` reads.
pub fn build(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    say("building the browser's half");
    console::run(&mut workspace.cargo(&[
        "build",
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        mode.wasm_profile(),
    ]))?;
    let (script, module) = bind(workspace, mode)?;
    let files = [
        File::new(
            "weir",
            "css",
            "text/css; charset=utf-8",
            style_sheet(&workspace.root().join("style"))?.into_bytes(),
        ),
        File::new("weir", "js", "text/javascript; charset=utf-8", script),
        File::new("weir", "wasm", "application/wasm", module),
    ];
    let folder = workspace.target(mode.site_folder());
    write_site(&folder, &files, mode)
        .map_err(|source| format!("can not write the bundle to {}: {source}", folder.display()))?;
    Ok(folder)
}

/// A file of the bundle.
struct File {
    name: String,
    mime: &'static str,
    content: Vec<u8>,
}

impl File {
    fn new(stem: &str, extension: &str, mime: &'static str, content: Vec<u8>) -> Self {
        let mut name = format!("{stem}-");
        for byte in &Sha256::digest(&content)[..8] {
            let _ = write!(name, "{byte:02x}");
        }
        Self {
            name: format!("{name}.{extension}"),
            mime,
            content,
        }
    }
}

/// Makes the script and the final module out of what the compiler has made.
fn bind(workspace: &Workspace, mode: Mode) -> Result<(Vec<u8>, Vec<u8>)> {
    let input = workspace.target(mode.wasm_file());
    let folder = workspace.target(mode.site_folder()).join("bindgen");
    let dev = mode == Mode::Dev;
    let bind = || {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(&input)
            .web(true)?
            .out_name("weir")
            .typescript(false);
        bindgen
            .debug(dev)
            .keep_debug(dev)
            .remove_name_section(!dev)
            .remove_producers_section(!dev);
        bindgen.generate(&folder)
    };
    bind()
        .map_err(|source| format!("wasm-bindgen can not read {}: {source:#}", input.display()))?;
    if folder.join("snippets").exists() {
        return Err(format!(
            "a crate brings scripts of its own, which the bundle does not hold: see {}",
            folder.join("snippets").display()
        ));
    }
    let read = |name: &str| {
        fs::read(folder.join(name))
            .map_err(|source| format!("can not read {name} of {}: {source}", folder.display()))
    };
    Ok((read("weir.js")?, read("weir_bg.wasm")?))
}

/// All style sheets as one: `tokens.css` first, since it names the layers in their order; then by name.
fn style_sheet(folder: &Path) -> Result<String> {
    let cannot = |source: std::io::Error| {
        format!(
            "can not read the style sheets in {}: {source}",
            folder.display()
        )
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        paths.push(entry.map_err(cannot)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "css"));
    paths.sort_by_key(|path| (!path.ends_with("tokens.css"), path.clone()));
    let mut sheet = String::new();
    for path in paths {
        sheet.push_str(&fs::read_to_string(path).map_err(cannot)?);
    }
    Ok(sheet)
}

/// Writes the files and `assets.rs`, the expression that `server/src/main.rs` includes. A file whose content is there already is
/// left alone, so that cargo does not build the server anew for nothing.
fn write_site(folder: &Path, files: &[File; 3], mode: Mode) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut wanted = vec!["assets.rs".to_owned(), "bindgen".to_owned()];
    let mut list = String::new();
    for file in files {
        write_if_new(&folder.join(&file.name), &file.content)?;
        let (mut brotli, mut gzip) = ("b\"\"".to_owned(), "b\"\"".to_owned());
        if mode == Mode::Release {
            let (small, medium) = (format!("{}.br", file.name), format!("{}.gz", file.name));
            // The name is a hash of the content, so a compressed file that is there is right.
            if !folder.join(&small).exists() || !folder.join(&medium).exists() {
                write_if_new(&folder.join(&small), &brotli_of(&file.content)?)?;
                write_if_new(&folder.join(&medium), &gzip_of(&file.content)?)?;
            }
            println!(
                "{:>9} bytes, {:>7} in brotli, {:>7} in gzip  {}",
                file.content.len(),
                fs::metadata(folder.join(&small))?.len(),
                fs::metadata(folder.join(&medium))?.len(),
                file.name
            );
            brotli = format!("include_bytes!({small:?})");
            gzip = format!("include_bytes!({medium:?})");
            wanted.extend([small, medium]);
        }
        let _ = writeln!(
            list,
            "        Asset {{ name: {:?}, mime: {:?}, plain: include_bytes!({:?}), brotli: {brotli}, gzip: {gzip} }},",
            file.name, file.mime, file.name
        );
        wanted.push(file.name.clone());
    }
    let [css, js, wasm] = files
        .each_ref()
        .map(|file| format!("\"/assets/{}\"", file.name));
    let expression = format!(
        "Site {{\n    bundle: Some(Bundle {{ css: {css}, js: {js}, wasm: {wasm} }}),\n    assets: &[\n{list}    ],\n}}\n"
    );
    write_if_new(&folder.join("assets.rs"), expression.as_bytes())?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !wanted.iter().any(|name| entry.file_name() == name.as_str()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_if_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        Ok(())
    } else {
        fs::write(path, content)
    }
}

fn brotli_of(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut small = Vec::new();
    // Quality 11 and a window of 4 MiB: made once, sent often.
    let mut writer = brotli::CompressorWriter::new(&mut small, 64 * 1024, 11, 22);
    writer.write_all(content)?;
    writer.flush()?;
    drop(writer);
    Ok(small)
}

fn gzip_of(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(css: &str) -> [File; 3] {
        [
            File::new("weir", "css", "text/css", css.into()),
            File::new("weir", "js", "text/javascript", b"1".into()),
            File::new("weir", "wasm", "application/wasm", b"2".into()),
        ]
    }

    #[test]
    fn a_name_changes_with_the_content_alone() {
        assert_eq!(files("a")[0].name, files("a")[0].name);
        assert_ne!(files("a")[0].name, files("b")[0].name);
    }

    #[test]
    fn tokens_come_first_and_other_files_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("base.css", "b"),
            ("tokens.css", "t"),
            ("a.css", "a"),
            ("notes.txt", "x"),
        ] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        assert_eq!(style_sheet(folder.path()).expect("a sheet"), "tab");
    }

    #[test]
    fn an_old_bundle_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        write_site(folder.path(), &files("a"), Mode::Release).expect("written");
        let old = files("a")[0].name.clone();
        assert!(folder.path().join(format!("{old}.br")).exists());
        write_site(folder.path(), &files("b"), Mode::Release).expect("written");
        assert!(!folder.path().join(&old).exists());
        assert!(!folder.path().join(format!("{old}.br")).exists());
        let list = fs::read_to_string(folder.path().join("assets.rs")).expect("a list");
        assert!(
            list.contains(&files("b")[0].name) && !list.contains(&old),
            "{list}"
        );
    }

    #[test]
    fn compressed_content_comes_back() {
        let content = b"weir weir weir weir weir weir weir".repeat(100);
        let mut brotli = Vec::new();
        brotli::BrotliDecompress(
            &mut brotli_of(&content).expect("small").as_slice(),
            &mut brotli,
        )
        .expect("whole");
        assert_eq!(brotli, content);
        let mut gzip = flate2::write::GzDecoder::new(Vec::new());
        gzip.write_all(&gzip_of(&content).expect("small"))
            .expect("whole");
        assert_eq!(gzip.finish().expect("whole"), content);
    }
}
