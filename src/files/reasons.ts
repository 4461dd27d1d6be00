/** What a failed call of the system means, and the way out: both go on a sentence about what was named. */
const REASONS: Readonly<Partial<Record<string, readonly [what: string, wayOut: string]>>> = {
  ENOENT: ['there is no such file', 'correct its path'],
  ENOTDIR: ['a part of its path is a file, not a folder', 'correct its path'],
  EISDIR: ['is a folder', 'name a file in it'],
  EACCES: ['this user may not open it', 'change its permissions'],
  EPERM: ['the system does not permit it', 'change its permissions'],
  EROFS: ['its disk is read-only', 'name a place on another'],
  ELOOP: ['its path leads through links in a circle', 'correct them'],
  ENAMETOOLONG: ['its name is longer than the file system takes', 'shorten it'],
  EMFILE: ['this process may open no more files', 'raise the limit, as ulimit -n 1024 does'],
  ENFILE: ['the system can open no more files', 'end other programs'],
  ENOSPC: ['the disk is full', 'free some space'],
  EDQUOT: ['the quota of this user is used up', 'free some space'],
  EFBIG: ['it would be larger than files may be', 'raise the limit, as ulimit -f unlimited does'],
  EIO: ['the disk failed', 'copy it to another'],
  ENXIO: ['is a socket or a device without its other end', 'name a file'],
  ENODEV: ['is a device that is not there', 'name a file'],
  EBUSY: ['another program holds it', 'end that first'],
  ENOMEM: ['the memory is full', 'end other programs'],
  EEXIST: ['is there already', 'name another place'],
  ENOTEMPTY: ['is a folder that is not empty', 'name another place']
}

/**
 * The reason of a failed call of the system, with the way out: "this user may not open it; change its permissions".
 * Undefined for an error of another kind.
 */
export function systemReason(error: unknown): string | undefined {
  if (error instanceof UnfitFile) return error.reason
  return REASONS[codeOf(error) ?? '']?.join('; ')
}

/** What a code of the system means, for whoever has a way out of their own: "this user may not open it". */
export function meaningOf(code: string): string {
  return REASONS[code]?.[0] ?? code
}

/** Whether a file is not there, so that whoever asked for it goes on without. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}

/** The code of a failed call of the system, such as ENOSPC. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What stands in the place of a file and cannot be read as one. */
export class UnfitFile extends Error {
  constructor(
    readonly path: string,
    /** The reason and the way out, as `systemReason` has them. */
    readonly reason: string
  ) {
    super(`${path}: ${reason}`)
  }
}
