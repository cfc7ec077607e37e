//! The web bundle: WASM module, script and style sheet, named by content, compressed, listed for the server to embed.

use std::collections::BTreeMap;
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
        "rustc",
        "--package",
        "frontend",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        mode.wasm_profile(),
        "--",
        // What refers to what: without it the module cannot be cut into parts.
        "-Clink-arg=--emit-relocs",
    ]))?;
    let site = Site {
        css: File::new(
            "weir.css",
            style_sheet(&workspace.root().join("style"))?.into_bytes(),
        ),
        module: cut_and_bind(workspace, mode)?,
    };
    let folder = workspace.target(mode.site_folder());
    write_site(&folder, &site, mode)
        .map_err(|source| format!("can not write the bundle to {}: {source}", folder.display()))?;
    Ok(folder)
}

/// What pages load.
struct Site {
    css: File,
    module: Module,
}

/// The module, cut into parts, with the scripts that load it.
struct Module {
    files: Vec<File>,
    /// The parts, each with the names of its files.
    parts: BTreeMap<String, Vec<String>>,
}

/// A file of the bundle.
struct File {
    /// Its name without the hash.
    plain: String,
    name: String,
    mime: &'static str,
    content: Vec<u8>,
}

impl File {
    /// A file that is named by its content.
    fn new(plain: &str, content: Vec<u8>) -> Self {
        let hash = hash([content.as_slice()]);
        Self::named(plain, &hash, content)
    }

    fn named(plain: &str, hash: &str, content: Vec<u8>) -> Self {
        let (stem, extension) = plain.rsplit_once('.').unwrap_or((plain, ""));
        Self {
            plain: plain.to_owned(),
            name: format!("{stem}-{hash}.{extension}"),
            mime: match extension {
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                _ => "application/wasm",
            },
            content,
        }
    }
}

fn hash<'a>(contents: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut sum = Sha256::new();
    for content in contents {
        sum.update(content);
    }
    let mut text = String::new();
    for byte in &sum.finalize()[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The script of every page, and the module that it loads.
const SCRIPT: &str = "weir.js";
const MODULE: &str = "weir_bg.wasm";
/// The script that loads parts.
const PARTS: &str = "weir_parts.js";

/// Cuts what the compiler has made into parts, and makes the scripts that load them.
fn cut_and_bind(workspace: &Workspace, mode: Mode) -> Result<Module> {
    let input = workspace.target(mode.wasm_file());
    let folder = workspace.target(mode.site_folder()).join("bindgen");
    let read = |path: &Path| {
        fs::read(path).map_err(|source| format!("can not read {}: {source}", path.display()))
    };
    let whole = read(&input)?;
    // What an earlier build has left there (parts, scripts of a crate) is none of this one's. It may not be there yet.
    let _ = fs::remove_dir_all(&folder);
    let rest = folder.join("weir.wasm");
    let link_name = format!("./{PARTS}");
    let main_module = format!("./{SCRIPT}");
    let mut options = wasm_split_cli_support::Options::new(&whole);
    options.output_dir = &folder;
    options.main_out_path = &rest;
    options.link_name = &link_name;
    options.main_module = &main_module;
    let cut = wasm_split_cli_support::transform(options)
        .map_err(|source| format!("can not cut {} into parts: {source:#}", input.display()))?;
    let dev = mode == Mode::Dev;
    let bind = || {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(&rest)
            .web(true)?
            .out_name("weir")
            .typescript(false);
        bindgen
            .debug(dev)
            .keep_debug(dev)
            .keep_lld_exports(true)
            .demangle(false)
            .remove_name_section(!dev)
            .remove_producers_section(!dev);
        bindgen.generate(&folder)
    };
    bind().map_err(|source| format!("wasm-bindgen can not read {}: {source:#}", rest.display()))?;
    if folder.join("snippets").exists() {
        return Err(format!(
            "a crate brings scripts of its own, which the bundle does not hold: see {}",
            folder.join("snippets").display()
        ));
    }
    let mut files = Vec::new();
    for plain in [SCRIPT, PARTS, MODULE] {
        files.push((plain.to_owned(), read(&folder.join(plain))?));
    }
    for path in cut.split_modules {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = read(&path)?;
        let part = if dev { part } else { without_names(&part) };
        files.push((name.into_owned(), part));
    }
    let files = named_together(files);
    let name_of = |stem: &String| {
        let plain = format!("{stem}.wasm");
        let file = files.iter().find(|file| file.plain == plain);
        file.map(|file| file.name.clone())
    };
    let parts = cut
        .prefetch_map
        .iter()
        .map(|(part, stems)| (part.clone(), stems.iter().filter_map(name_of).collect()))
        .collect();
    Ok(Module { files, parts })
}

/// A module without its custom sections: the names of functions, which are half of a part, and what made it. The format is that
/// of the WebAssembly core specification, 5.5.2: an id, the length in LEB128, the content. Whatever is no such list is left as it is.
fn without_names(module: &[u8]) -> Vec<u8> {
    const HEADER: usize = 8;
    const CUSTOM: u8 = 0;
    let Some((header, mut rest)) = module.split_at_checked(HEADER) else {
        return module.to_vec();
    };
    let mut kept = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let Some((length, size)) = leb128(after_id) else {
            return module.to_vec();
        };
        let Some((section, next)) = rest.split_at_checked(1 + size + length) else {
            return module.to_vec();
        };
        if id != CUSTOM {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    kept
}

/// An unsigned number and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// Files that name each other can not each be named by its own content: all of them carry one hash, of all their contents.
fn named_together(files: Vec<(String, Vec<u8>)>) -> Vec<File> {
    let hash = hash(files.iter().map(|(_, content)| content.as_slice()));
    let mut files: Vec<File> = files
        .into_iter()
        .map(|(plain, content)| File::named(&plain, &hash, content))
        .collect();
    // What is fetched; the module knows its imports by the plain names.
    let names: Vec<(String, String)> = ["from \"./", "URL(\"./"]
        .into_iter()
        .flat_map(|before| {
            let fetched = move |name: &str| format!("{before}{name}\"");
            files
                .iter()
                .map(move |file| (fetched(&file.plain), fetched(&file.name)))
        })
        .collect();
    let scripts = files
        .iter_mut()
        .filter(|file| file.mime.starts_with("text/javascript"));
    for file in scripts {
        let mut text = String::from_utf8_lossy(&file.content).into_owned();
        for (plain, name) in &names {
            text = text.replace(plain, name);
        }
        file.content = text.into_bytes();
    }
    files
}

/// Writes the style sheet as pages load it, for a binary that has none in it.
pub fn write_style_sheet(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.target("weir.css");
    let sheet = style_sheet(&workspace.root().join("style"))?;
    write_if_new(&path, sheet.as_bytes())
        .map_err(|source| format!("can not write {}: {source}", path.display()))?;
    Ok(path)
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
fn write_site(folder: &Path, site: &Site, mode: Mode) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut wanted = vec!["assets.rs".to_owned(), "bindgen".to_owned()];
    let mut list = String::new();
    for file in std::iter::once(&site.css).chain(&site.module.files) {
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
    let mut parts = String::new();
    for (part, names) in &site.module.parts {
        let addresses: Vec<String> = names.iter().map(|name| format!("/assets/{name}")).collect();
        let _ = writeln!(parts, "            ({part:?}, &{addresses:?}),");
    }
    let address = |plain: &str| {
        let mut files = site.module.files.iter();
        let file = files.find(|file| file.plain == plain);
        file.map(|file| format!("/assets/{}", file.name))
            .unwrap_or_default()
    };
    let expression = format!(
        "Site {{\n    bundle: Some(Bundle {{\n        css: \"/assets/{}\",\n        js: {:?},\n        wasm: {:?},\n        \
         parts: &[\n{parts}        ],\n    }}),\n    assets: &[\n{list}    ],\n}}\n",
        site.css.name,
        address(SCRIPT),
        address(MODULE)
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

    fn site(css: &str) -> Site {
        let files = [(SCRIPT, "1"), (PARTS, "2"), (MODULE, "3")];
        let files = files.map(|(plain, text)| (plain.to_owned(), text.into()));
        Site {
            css: File::new("weir.css", css.into()),
            module: Module {
                files: named_together(files.into()),
                parts: BTreeMap::from([(
                    "portal".to_owned(),
                    vec!["split_portal-1.wasm".to_owned()],
                )]),
            },
        }
    }

    #[test]
    fn a_name_changes_with_the_content_alone() {
        assert_eq!(site("a").css.name, site("a").css.name);
        assert_ne!(site("a").css.name, site("b").css.name);
    }

    #[test]
    fn scripts_name_the_others_as_they_are_named() {
        let files = |module: &str| {
            let script = r#"import * as a from "./weir_parts.js"; b = {"./weir_parts.js": a}; new URL("./weir_bg.wasm")"#;
            named_together(vec![
                (SCRIPT.to_owned(), script.into()),
                (PARTS.to_owned(), "".into()),
                (MODULE.to_owned(), module.into()),
            ])
        };
        let [one, other] = [files("a"), files("b")];
        assert_ne!(one[0].name, other[0].name, "they belong together");
        let text = String::from_utf8_lossy(&one[0].content);
        assert_eq!(
            text,
            format!(
                r#"import * as a from "./{}"; b = {{"./weir_parts.js": a}}; new URL("./{}")"#,
                one[1].name, one[2].name
            )
        );
    }

    #[test]
    fn names_are_left_out_of_a_module() {
        let header = b"\0asm\x01\0\0\0";
        let long = [vec![0, 0x81, 0x01], vec![7; 129]].concat();
        let section = [10, 2, 1, 1];
        let module = [header.as_slice(), &long, &section, &[0, 1, 0]].concat();
        let kept = [header.as_slice(), &section].concat();
        assert_eq!(without_names(&module), kept);
        let torn = &module[..20];
        assert_eq!(without_names(torn), torn);
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
        write_site(folder.path(), &site("a"), Mode::Release).expect("written");
        let old = site("a").css.name;
        assert!(folder.path().join(format!("{old}.br")).exists());
        write_site(folder.path(), &site("b"), Mode::Release).expect("written");
        assert!(!folder.path().join(&old).exists());
        assert!(!folder.path().join(format!("{old}.br")).exists());
        let list = fs::read_to_string(folder.path().join("assets.rs")).expect("a list");
        assert!(
            list.contains(&site("b").css.name) && !list.contains(&old),
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
