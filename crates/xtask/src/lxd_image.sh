#!/bin/sh
# Makes the image of the servers that tests start in LXD: a small Debian that runs its start-up script.
# Arguments: the folder that the image's two files are put in.
set -eu
umask 022
to=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/rootfs

mmdebstrap --quiet --mode=root --variant=minbase \
  --include=systemd-sysv,dbus,openssh-server,curl,ca-certificates,isc-dhcp-client,iproute2 \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  bookworm "$root"

# The builder's own names and keys are no business of its servers.
rm -rf "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id \
  "$root"/var/lib/dbus/machine-id "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
: > "$root/etc/machine-id"

cat > "$root/etc/systemd/system/network.service" <<'UNIT'
[Unit]
Description=An address by DHCP
# Whoever sees the address can sign in.
After=ssh.service
Wants=ssh.service

[Service]
Type=forking
ExecStart=/sbin/dhclient -4 eth0

[Install]
WantedBy=multi-user.target
UNIT

mkdir "$root/etc/systemd/system/ssh.service.d"
cat > "$root/etc/systemd/system/ssh.service.d/keys.conf" <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
UNIT
echo 'HostKey /etc/ssh/ssh_host_ed25519_key' > "$root/etc/ssh/sshd_config.d/keys.conf"

cat > "$root/etc/systemd/system/user-data.service" <<'UNIT'
[Unit]
Description=The start-up script, once
After=network.service
ConditionPathExists=!/var/lib/user-data/done

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/user-data
ExecStopPost=/bin/touch /var/lib/user-data/done
TimeoutStartSec=infinity
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
UNIT
cat > "$root/usr/local/sbin/user-data" <<'SCRIPT'
#!/bin/sh
# Does what cloud-init does in larger images: reads the start-up script from the host and runs it.
set -eu
cd /var/lib/user-data
for sock in /dev/lxd/sock /dev/incus/sock; do
  test -S "$sock" || continue
  curl --silent --fail --unix-socket "$sock" --output script http://host/1.0/config/user.user-data || exit 0
  chmod 700 script
  exec ./script
done
SCRIPT
chmod 755 "$root/usr/local/sbin/user-data"
mkdir "$root/var/lib/user-data"
chmod 700 "$root/var/lib/user-data"
chroot "$root" systemctl --quiet enable network.service user-data.service
# Nothing of this serves a server that lives for minutes.
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
  e2scrub_all.timer systemd-networkd.service systemd-resolved.service getty.target console-getty.service 2>/dev/null

mkdir "$work/meta" "$work/meta/templates"
cat > "$work/meta/metadata.yaml" <<META
architecture: $(uname -m)
creation_date: 1
properties:
  description: A small Debian that runs its start-up script
templates:
  /etc/hostname:
    when: [create, copy]
    template: hostname.tpl
META
echo '{{ container.name }}' > "$work/meta/templates/hostname.tpl"
mkdir -p "$to"
tar -C "$work/meta" -czf "$to/meta.tar.gz" metadata.yaml templates
mksquashfs "$root" "$to/rootfs.squashfs" -noappend -no-progress -quiet -comp zstd -Xcompression-level 3
