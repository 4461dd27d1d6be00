import { STATUS_CODES } from 'node:http'
import { buffersOf } from './buffers.js'
import { firstWords, withoutTags } from './page.js'
import type { Answer } from './request.js'

const MOST = 1 << 16

/** A refusal in words: its status, and the first of what the server says of it. */
export async function explain(answer: Answer): Promise<string> {
  const status = `the server answered ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim()
  const said = answer.header('x-error-message') ?? (await bodyText(answer))
  const words = withoutTags(said)
  return words.trim() === '' ? status : `${status} (${firstWords(words)})`
}

async function bodyText({ body }: Answer): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of buffersOf(body)) {
      chunks.push(chunk)
      if ((size += chunk.length) >= MOST) break
    }
  } catch {
    // What has come says enough.
  }
  const bytes = Buffer.concat(chunks)
  return bytes.includes(0) ? '' : bytes.toString('utf8')
}
