import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { EpdError } from '../errors.js'
import { wrongFileName } from '../reading/file-names.js'

/** Whether a file that --out names can be written, and is not there yet. @throws EpdError `usage` */
export function checkOut(out: string): void {
  const unfit = wrongFileName(basename(out))
  if (unfit !== undefined) throw new EpdError('usage', `--out ${out}: ${unfit}`)
  if (existsSync(out)) throw new EpdError('usage', `${out} is there already; name another file, or move that one away`)
  const folder = dirname(out)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new EpdError('usage', `${out}: there is no folder ${folder}; make it, or name another file with --out`)
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new EpdError('usage', `${out}: the folder ${folder} cannot be written; name another file with --out`, {
      cause: error
    })
  }
}
