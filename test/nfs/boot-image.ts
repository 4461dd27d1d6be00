import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { install } from '../support/debian.js'

/** A kernel, and the first files that it finds. */
export interface BootImage {
  readonly kernel: string
  readonly initrd: string
}

/** What the kernel of a machine needs to see the files of this one, and to mount those of a server. */
const MODULES = ['virtio_pci', 'virtio_net', '9pnet_virtio', '9p', 'overlay', 'nfsv4']

/** Debian's kernel, which is not installed, with files that end in a shell's file that runs in the machine. */
export function bootImage(folder: string, script: string): BootImage {
  install({ '/bin/busybox': 'busybox-static', '/sbin/depmod': 'kmod', '/usr/bin/cpio': 'cpio' })
  const kernel = unpackedKernel(folder)
  const root = join(folder, 'initrd')
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'lower', 'upper', 'new'])
    mkdirSync(join(root, name), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'))
  const modules = modulesOf(kernel)
  for (const module of modules) copyFileSync(module, join(root, 'modules', basename(module)))
  writeFileSync(
    join(root, 'init'),
    init(
      modules.map(module => basename(module)),
      script
    )
  )
  chmodSync(join(root, 'init'), 0o755)
  const initrd = join(folder, 'initrd.gz')
  execFileSync('/bin/sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 > ${initrd}`], { cwd: root })
  const [image] = readdirSync(join(kernel, 'boot')).filter(name => name.startsWith('vmlinuz'))
  return { kernel: join(kernel, 'boot', image), initrd }
}

function unpackedKernel(folder: string): string {
  const depends = execFileSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' })
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
  if (name === undefined) throw new Error(`Debian's newest kernel is not known: ${depends}`)
  execFileSync('apt-get', ['download', '-qq', name], { cwd: folder, stdio: 'ignore' })
  const [file] = readdirSync(folder).filter(entry => entry.startsWith(name))
  const kernel = join(folder, 'kernel')
  execFileSync('dpkg-deb', ['-x', join(folder, file), kernel])
  return kernel
}

/** Files of modules, each after those that it needs. */
function modulesOf(kernel: string): readonly string[] {
  const [release] = readdirSync(join(kernel, 'lib', 'modules'))
  execFileSync('depmod', ['-b', kernel, release])
  const lines = MODULES.flatMap(module =>
    execFileSync('modprobe', ['-d', kernel, '-S', release, '--show-depends', module], { encoding: 'utf8' }).split('\n')
  )
  return [...new Set(lines.flatMap(line => /^insmod (\S+)/.exec(line)?.[1] ?? []))]
}

/** Has the machine see the files of this one, over which it writes in memory of its own, and runs the script on them. */
function init(modules: readonly string[], script: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
${modules.map(module => `insmod /modules/${module}`).join('\n')}
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /lower
mount -t tmpfs -o size=1G upper /upper; mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /new
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
hostname $(sed 's/.*machine=//; s/ .*//' /proc/cmdline)
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
for one in proc sys dev; do mount --bind /$one /new/$one; done
mount -t tmpfs run /new/run
exec chroot /new /bin/sh ${script}
`
}
