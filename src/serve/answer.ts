/** What a request is answered with: at once, or as events for as long as there is news. */
export type Answer = WholeAnswer | StreamedAnswer

/** An answer whose body is known. */
export interface WholeAnswer {
  readonly status: number
  /** The media type of the body. */
  readonly type: string
  readonly body: string | Uint8Array
  /** The Content-Security-Policy of a page; by default nothing may be loaded or run. */
  readonly policy?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer of server-sent events, which ends where they do. */
export interface StreamedAnswer {
  readonly events: AsyncIterable<ServerEvent>
}

/** News for a page: the name of what has changed, and its text. */
export interface ServerEvent {
  readonly name: string
  readonly data: string
}

/**
 * An event as it is sent (HTML Living Standard, 9.2.5). No text ends it early, since each line stands behind `data:`.
 */
export function eventText({ name, data }: ServerEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map(line => `data: ${line}\n`)
  return `event: ${name}\n${lines.join('')}\n`
}
