import { EpdError } from '../errors.js'

/**
 * Reads a checkpoint that was named by its digest before, and checks that it still is the one that was named.
 * @throws EpdError `checkpoint-invalid`
 */
export async function readUnchanged<T>(
  path: string,
  named: string,
  digest: () => Promise<string>,
  read: () => Promise<T>
): Promise<T> {
  const content = await read()
  if ((await digest()) === named) return content
  throw new EpdError('checkpoint-invalid', `${path}: has changed since this run began; run again`)
}
