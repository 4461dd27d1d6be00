import { existsSync, statfsSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** What is to be known of where a folder is. */
export interface FileSystem {
  readonly name: string
  /** Whether several machines may see it, which then share no memory. */
  readonly isShared: boolean
  /** What is not to be relied on there, for people. */
  readonly warning?: string
}

/** What locks of a folder that a host lends to its virtual machines are worth. */
const OF_A_HOST = 'its locks may not be those of the host, or of other machines that it lends the folder to'

type Shared = Omit<FileSystem, 'isShared'>

const AFS: Shared = { name: 'AFS', warning: 'its locks may not be those of other machines' }
const SMB: Shared = { name: 'SMB', warning: 'its locks and hard links may not be those of other machines' }

/** File systems that several machines see, by the numbers that Linux gives them (statfs(2) and their own sources). */
const SHARED: ReadonlyMap<number, Shared> = new Map([
  [0x6969, { name: 'NFS' }],
  [0x0bd00bd0, { name: 'Lustre' }],
  [0x47504653, { name: 'GPFS' }],
  [0x00c36400, { name: 'Ceph' }],
  [0x19830326, { name: 'BeeGFS' }],
  [0xaad7aaea, { name: 'PanFS' }],
  [0x01161970, { name: 'GFS2' }],
  [0x7461636f, { name: 'OCFS2' }],
  [0x5346414f, AFS],
  [0x6b414653, AFS],
  [0x517b, SMB],
  [0xff534d42, SMB],
  [0xfe534d42, SMB],
  [0x01021997, { name: '9P', warning: OF_A_HOST }],
  [0x786f4256, { name: 'a folder of VirtualBox', warning: OF_A_HOST }],
  [0xbacbacbc, { name: 'a folder of VMware', warning: OF_A_HOST }],
  [0x7c7c6673, { name: 'a folder of Parallels', warning: OF_A_HOST }],
  [0x65735546, { name: 'FUSE', warning: 'whether its locks reach other machines depends on what is behind it' }]
])

const LOCAL: FileSystem = { name: 'a local file system', isShared: false }

/** Names of folders that a program keeps the same on several machines, whatever is in use there. */
const SYNCED = /^(Dropbox( .*)?|OneDrive( - .*)?|Google ?Drive|iCloud ?Drive|Nextcloud|ownCloud)$/i

/** The file system of a folder that is there. `statfs` asks the system; a system that does not tell has a local one. */
export function fileSystemOf(
  folder: string,
  statfs: (path: string) => { readonly type: number } = statfsSync
): FileSystem {
  const synced = syncedBy(folder)
  if (synced !== undefined)
    return {
      name: synced,
      isShared: false,
      warning: 'a program that copies its files while they are written can damage them; have it leave this folder out'
    }
  if (process.platform !== 'linux') return LOCAL
  const found = SHARED.get(statfs(folder).type >>> 0)
  return found ? { ...found, isShared: true } : LOCAL
}

function syncedBy(folder: string): string | undefined {
  const name = folder.split(sep).find(part => SYNCED.test(part))
  return name ?? (hasCache(folder) ? 'Dropbox' : undefined)
}

/** Whether a folder, or one above it, is the one that Dropbox keeps. */
function hasCache(folder: string): boolean {
  if (existsSync(join(folder, '.dropbox.cache'))) return true
  return dirname(folder) !== folder && hasCache(dirname(folder))
}
