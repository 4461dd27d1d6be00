import { ask, RequestError } from './request.js'

/**
 * The number of bytes of a file that is not downloaded; undefined where the server does not announce it. Some servers
 * answer no HEAD, so that the file is asked for, and left.
 * @throws RequestError
 */
export async function announcedSize(
  url: string,
  token: string | undefined,
  signal: AbortSignal
): Promise<number | undefined> {
  const { status, header, body } = await ask(url, { token, signal })
  body.on('error', () => undefined).destroy()
  const length = header('content-length')
  if (status !== 200) throw new RequestError(`the server answered ${status}`)
  return length === undefined || header('content-encoding') !== undefined ? undefined : Number(length)
}
