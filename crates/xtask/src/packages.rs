//! Debian packages: finding out which are missing, and installing those.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::console::{self, say, shown};
use crate::postgres;

/// A package, and how to see that what it brings is already there.
pub struct Package {
    name: &'static str,
    present: fn() -> bool,
}

/// What a running Weir uses: its `local` provider starts OpenSSH servers, whose start-up scripts call curl.
pub const TO_RUN: &[Package] = &[
    Package {
        name: "openssh-server",
        present: || console::on_path("sshd"),
    },
    Package {
        name: "curl",
        present: || console::on_path("curl"),
    },
];

/// The fonts that `end2end/tests/ui/gallery.spec.ts` names.
const FONTS: [&str; 4] = [
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
];

/// What the tests use beside that.
pub const TO_TEST: &[Package] = &[
    Package {
        name: "openssh-client",
        present: || console::on_path("ssh") && console::on_path("ssh-keygen"),
    },
    Package {
        name: "chromium",
        present: || console::on_path("chromium"),
    },
    // What the pictures of the gallery are written in.
    Package {
        name: "fonts-dejavu-core",
        present: || FONTS.iter().all(|font| Path::new(font).is_file()),
    },
    Package {
        name: "postgresql",
        present: || postgres::find_programs().is_ok(),
    },
    Package {
        name: "python3-venv",
        present: python_makes_venvs,
    },
];

/// What LXD needs, in which tests have real servers.
pub const TO_CONTAIN: &[Package] = &[
    Package {
        name: "lxd",
        present: || console::on_path("lxd"),
    },
    Package {
        name: "lxd-client",
        present: || console::on_path("lxc"),
    },
    Package {
        name: "dnsmasq-base",
        present: || console::on_path("dnsmasq"),
    },
    Package {
        name: "squashfs-tools",
        present: || console::on_path("mksquashfs"),
    },
    Package {
        name: "btrfs-progs",
        present: || console::on_path("mkfs.btrfs"),
    },
    Package {
        name: "mmdebstrap",
        present: || console::on_path("mmdebstrap"),
    },
    Package {
        name: "nftables",
        present: || console::on_path("nft"),
    },
    Package {
        name: "uidmap",
        present: || console::on_path("newuidmap"),
    },
    Package {
        name: "iproute2",
        present: || console::on_path("ip"),
    },
];

/// What taking the pictures anew uses beside that.
pub const TO_PICTURE: Package = Package {
    name: "pngquant",
    present: || console::on_path("pngquant"),
};

/// Installs the packages that are missing, as root or by `sudo -n`; where neither works, the error is the command to type.
pub fn install(packages: &[&Package]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !(package.present)())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing {}", missing.join(" ")));
    let prefix: &[&str] = if is_root() {
        &[]
    } else if console::output(Command::new("sudo").args(["-n", "true"])).is_ok() {
        &["sudo", "-n"]
    } else {
        return Err(format!(
            "packages are missing and this account may not install them; as root run:\n  apt-get update && apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        ));
    };
    apt(prefix, &["update"])?;
    apt(
        prefix,
        &[
            &["install", "-y", "--no-install-recommends"],
            missing.as_slice(),
        ]
        .concat(),
    )?;
    let still: Vec<&str> = packages
        .iter()
        .filter(|package| !(package.present)())
        .map(|package| package.name)
        .collect();
    if still.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "installed, but not found afterwards: {}",
            still.join(" ")
        ))
    }
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    // Another apt may be at work on this machine; a question would wait for ever.
    let words = [
        prefix,
        &[
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-o",
            "DPkg::Lock::Timeout=600",
        ],
        arguments,
    ]
    .concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    say(&shown(&command));
    console::run(&mut command)
}

/// Whether this account may do everything.
pub fn is_root() -> bool {
    console::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn python_makes_venvs() -> bool {
    // `venv` itself is always there; what Debian leaves out is `ensurepip`.
    console::output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}
