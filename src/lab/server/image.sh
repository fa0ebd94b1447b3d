#!/bin/bash
# Builds the disposable test server's image: Debian 12, systemd, cgroup v2, PSI.
set -euo pipefail

C=$1; NODE=$(readlink -f "$2"); mkdir -p "$C"; cd "$C"
t0=$(date +%s); say(){ printf '[%3ds] %s\n' $(( $(date +%s)-t0 )) "$*"; }

# ---- 1. kernel: unpack Debian's cloud kernel, ext4 is built in, virtio_blk is a module: a busybox initramfs of 6 modules ----
say kernel
rm -rf kdeb k; mkdir -p kdeb k
KPKG=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/{print $2; exit}')
( cd kdeb && apt-get download -q "$KPKG" >/dev/null )
dpkg-deb -x kdeb/*.deb k
KVER=$(ls k/lib/modules)
# uncompressed ELF vmlinux: QEMU enters it by PVH, no BIOS and no decompression under TCG
python3 - k/boot/vmlinuz-$KVER vmlinux <<'PY'
import subprocess,sys
d=open(sys.argv[1],'rb').read()
for mag,cmd in ((b'\x02\x21\x4c\x18','lz4 -dc'),(b'\x28\xb5\x2f\xfd','zstd -dc'),(b'\xfd7zXZ\x00','xz -dc'),(b'\x1f\x8b\x08','gzip -dc')):
    i=d.find(mag)
    while i>=0:
        o=subprocess.run(cmd.split(),input=d[i:],stdout=subprocess.PIPE,stderr=subprocess.DEVNULL).stdout
        if o[:4]==b'\x7fELF': open(sys.argv[2],'wb').write(o); sys.exit(0)
        i=d.find(mag,i+1)
sys.exit('no vmlinux in bzImage')
PY

# ---- 2. root file system ----
say mmdebstrap
PK=systemd,systemd-sysv,dbus,libpam-systemd,udev,kmod,iproute2,procps,util-linux,openssh-server,openssh-sftp-server
PK=$PK,nginx-light,php8.2-fpm,php8.2-cli,php8.2-mysql,php8.2-apcu,mariadb-server,mariadb-client,vsftpd
PK=$PK,stress-ng,qemu-guest-agent,busybox-static,curl,ca-certificates,libstdc++6,less,cron,systemd-oomd
rm -rf rootfs
cat > excl <<'X'
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/mysql/*/errmsg.sys
path-include=/usr/share/mysql/english/errmsg.sys
X
if [ "$(cat base.stamp 2>/dev/null)" != "$PK" ] || [ ! -s base.tar.lz4 ]; then   # base system cached apart from its configuration
eatmydata mmdebstrap --quiet --variant=minbase --mode=root --skip=check/empty \
  --dpkgopt="$C/excl" --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
  --aptopt='Acquire::Languages "none"' --include=$PK \
  bookworm - \
  /etc/apt/sources.list.d/debian.sources | lz4 -q -c > base.tmp
mv base.tmp base.tar.lz4; echo "$PK" > base.stamp
fi
say unpack; mkdir rootfs; lz4 -dc base.tar.lz4 | tar -x -C rootfs --numeric-owner
R=$C/rootfs
say configure
mkdir -p $R/lib/modules/$KVER/kernel/{drivers,fs,net,crypto,lib}
for m in drivers/virtio drivers/net/virtio_net.ko drivers/net/net_failover.ko drivers/net/tun.ko drivers/net/veth.ko net/core/failover.ko \
  drivers/block drivers/char/hw_random drivers/char/virtio_console.ko fs/fuse fs/overlayfs fs/autofs fs/squashfs drivers/rtc lib crypto net/vmw_vsock net/netfilter net/ipv4 net/ipv6 mm ; do
  [ -e k/lib/modules/$KVER/kernel/$m ] && { mkdir -p $R/lib/modules/$KVER/kernel/$(dirname $m); cp -a k/lib/modules/$KVER/kernel/$m $R/lib/modules/$KVER/kernel/$(dirname $m)/; }
done
cp k/lib/modules/$KVER/modules.{builtin,builtin.modinfo,order} $R/lib/modules/$KVER/; chroot $R depmod $KVER
printf 'virtio_net\nvirtio_console\nvirtio-rng\n' > $R/etc/modules-load.d/vm.conf
install -m755 "$NODE" $R/usr/local/bin/node
echo testserver > $R/etc/hostname; printf '127.0.0.1 localhost testserver\n' > $R/etc/hosts
rm -f $R/etc/machine-id $R/var/lib/dbus/machine-id; echo 0123456789abcdef0123456789abcdef > $R/etc/machine-id
cat > $R/etc/fstab <<'X'
/dev/vda / ext4 noatime,discard 0 0
/dev/vdb none swap nofail,x-systemd.device-timeout=60s 0 0
X
# network: QEMU user net, static (no DHCP round trip)
mkdir -p $R/etc/systemd/network
printf '[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' > $R/etc/systemd/network/10-vm.network
ln -sf /lib/systemd/system/systemd-networkd.service $R/etc/systemd/system/multi-user.target.wants/systemd-networkd.service
# ssh: one key, ed25519 host key
[ -f id ] || ssh-keygen -q -t ed25519 -N '' -f id -C testserver
rm -f $R/etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f $R/etc/ssh/ssh_host_ed25519_key -C testserver
mkdir -p -m700 $R/root/.ssh; cp id.pub $R/root/.ssh/authorized_keys; chmod 600 $R/root/.ssh/authorized_keys
printf 'UseDNS no\nPermitRootLogin prohibit-password\nHostKey /etc/ssh/ssh_host_ed25519_key\nMaxStartups 50\nMaxSessions 50\n' > $R/etc/ssh/sshd_config.d/vm.conf
# serial console with root autologin; journal kept over reboots
mkdir -p $R/etc/systemd/system/serial-getty@ttyS0.service.d $R/var/log/journal
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %%I vt220\n' > $R/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf
# no periodic jobs that would disturb a measurement
for u in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer logrotate.timer \
  phpsessionclean.timer getty@tty1.service systemd-pstore.service systemd-oomd.service systemd-oomd.socket systemd-hwdb-update.service \
  systemd-journal-catalog-update.service ldconfig.service systemd-firstboot.service; do ln -sf /dev/null $R/etc/systemd/system/$u; done
# the demo site: nginx -> php-fpm
rm -f $R/etc/nginx/sites-enabled/default
cat > $R/etc/nginx/sites-enabled/app <<'X'
server { listen 80 default_server; root /srv/www; index index.php;
  location / { try_files $uri /index.php?$args; }
  location ~ \.php$ { include snippets/fastcgi-php.conf; fastcgi_read_timeout 60s; fastcgi_pass unix:/run/php/php8.2-fpm.sock; } }
X
mkdir -p $R/srv/www; echo '<?php echo "ok\n";' > $R/srv/www/index.php
sed -i 's/^worker_processes.*/worker_processes 1;/' $R/etc/nginx/nginx.conf
printf '[mysqld]\ninnodb_buffer_pool_size=64M\ninnodb_flush_method=fsync\ninnodb_flush_log_at_trx_commit=2\nperformance_schema=off\nskip-name-resolve\n' > $R/etc/mysql/mariadb.conf.d/99-vm.cnf
sed -i 's/^listen=.*/listen=YES/; s/^listen_ipv6=.*/listen_ipv6=NO/' $R/etc/vsftpd.conf
rm -rf $R/var/lib/apt/lists/* $R/var/cache/apt/*.bin $R/var/cache/apt/archives/*.deb
rm -rf $R/usr/share/{doc,man,locale,info} $R/var/log/*.log
say "rootfs $(du -sm $R | cut -f1) MiB"

# ---- 3. initramfs: busybox, six modules, switch_root ----
I=$C/initrd.d; rm -rf $I; mkdir -p $I/{bin,proc,dev,new}; cp $R/bin/busybox $I/bin/
n=0; for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk; do
  cp "$(find k/lib/modules/$KVER -name $m.ko)" $I/; done
cat > $I/init <<'X'
#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs d /dev
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk; do $B insmod /$m.ko; done
n=0; while [ ! -b /dev/vda ] && [ $n -lt 200 ]; do $B usleep 20000; n=$((n+1)); done
$B mount -t ext4 -o noatime /dev/vda /new || exec $B sh
$B mount -o move /dev /new/dev
exec $B switch_root /new /sbin/init
X
chmod +x $I/init
( cd $I && find . | cpio -o -H newc --quiet ) > initrd.cpio

# ---- 4. disks ----
rm -f root.raw swap.raw
truncate -s 4G root.raw
mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=1,nodiscard -m 0 -L root -d $R root.raw
truncate -s ${SWAP_MB:-512}M swap.raw; mkswap -q -L swap swap.raw
[ -n "${KEEP_ROOTFS:-}" ] || rm -rf rootfs k kdeb initrd.d
say "done: $(du -m root.raw | cut -f1) MiB image, vmlinux $(du -m vmlinux | cut -f1) MiB"
