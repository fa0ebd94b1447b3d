/** How QEMU is started: Debian 12 under emulation, without KVM, reachable only from this machine's loopback. */
import { join } from 'node:path';

const memoryMb = 768;

/** Of the guest, by what is asked of it: where it is on loopback here. */
export interface Ports {
  ssh: number;
  http: number;
  ftp: number;
  /** stanch itself. */
  api: number;
}

/** `images` has the kernel; `dir` the disks of this run and its sockets. */
export function qemuArgs(images: string, dir: string, ports: Ports): string[] {
  const forwards = [
    [22, ports.ssh],
    [80, ports.http],
    [21, ports.ftp],
    [7420, ports.api],
  ].map(([guest, here]) => `hostfwd=tcp:127.0.0.1:${here}-:${guest}`);
  const disk = (id: string, name: string) => [
    ...['-drive', `if=none,id=${id},file=${join(dir, name)},cache=unsafe,discard=unmap`],
    ...['-device', `virtio-blk-pci,drive=${id},id=${id}-device`],
  ];
  return [
    // The quickest of the machines and CPUs tried; a tb-size below makes it translate the same code again.
    ...['-machine', 'pc,vmport=off', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'Nehalem', '-smp', '2', '-m', `${memoryMb}`],
    ...['-nodefaults', '-display', 'none', '-rtc', 'base=utc,clock=host'],
    ...['-kernel', join(images, 'vmlinux'), '-initrd', join(images, 'initrd.cpio')],
    '-append',
    'console=ttyS0 psi=1 mitigations=off nokaslr panic=-1 quiet audit=0 apparmor=0 selinux=0 random.trust_cpu=1 net.ifnames=0',
    ...disk('root', 'root.qcow2'),
    ...disk('swap', 'swap.qcow2'),
    ...['-netdev', `user,id=net,restrict=on,${forwards.join(',')}`, '-device', 'virtio-net-pci,netdev=net'],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=agent,path=${join(dir, 'agent.sock')},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-chardev', `socket,id=monitor,path=${join(dir, 'monitor.sock')},server=on,wait=off`, '-mon', 'monitor,mode=control'],
    ...['-chardev', `file,id=console,path=${join(dir, 'console.log')}`, '-serial', 'chardev:console'],
  ];
}
