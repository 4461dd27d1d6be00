import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from './chromium.js'
import { temporaryFolder } from './cli.js'

/** A page in Chromium without a screen, which is driven by the protocol of its developer tools. */
export interface Tab {
  /** Shows an address, until all of it is loaded. */
  readonly go: (url: string) => Promise<void>
  /** What an expression of JavaScript comes to in the page, whatever the page's policy is. */
  readonly evaluate: <T>(expression: string) => Promise<T>
  /** Waits until an expression is true. */
  readonly until: (expression: string) => Promise<void>
  /** All addresses that were asked for. */
  readonly requests: readonly string[]
  /** What the console was told, and what the page's policy refused. */
  readonly complaints: readonly string[]
  readonly shape: (width: number, height: number, scheme?: 'light' | 'dark') => Promise<void>
  /** Writes a PNG of the whole page. */
  readonly picture: (file: string) => Promise<void>
  /** Whether scripts of pages run from now on. */
  readonly scripts: (run: boolean) => Promise<void>
  readonly close: () => Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

/** Opens an empty page. No name but the machine's own leads anywhere. */
export async function openTab(): Promise<Tab> {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${temporaryFolder()}`]
  const child = spawn(
    chromium(),
    [...flags, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--remote-debugging-pipe'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']
    }
  )
  const [requests, complaints]: string[][] = [[], []]
  const { send, heard } = protocol(child, message => {
    const { method, params = {} } = message
    if (method === 'Network.requestWillBeSent') requests.push((params.request as { url: string }).url)
    if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled' || method === 'Log.entryAdded')
      complaints.push(JSON.stringify(params))
  })
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const tell = (method: string, params = {}) => send(method, params, sessionId)
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await tell(`${domain}.enable`)
  const evaluate = async <T>(expression: string) => {
    const { result, exceptionDetails } = await tell('Runtime.evaluate', {
      ...{ expression, returnByValue: true, awaitPromise: true, allowUnsafeEvalBlockedByCSP: true }
    })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }
  return {
    ...{ requests, complaints, evaluate },
    async go(url) {
      const loaded = heard('Page.loadEventFired')
      const { errorText } = await tell('Page.navigate', { url })
      if (typeof errorText === 'string') throw new Error(`${url}: ${errorText}`)
      await loaded
    },
    async until(expression) {
      // A page that is just shown anew cannot be asked.
      while (!(await evaluate<boolean>(expression).catch(() => false))) await sleep(50)
    },
    async shape(width, height, scheme = 'light') {
      await tell('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
      await tell('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
    },
    async picture(file) {
      const { data } = await tell('Page.captureScreenshot', { captureBeyondViewport: true })
      writeFileSync(file, Buffer.from(String(data), 'base64'))
    },
    async scripts(run) {
      await tell('Emulation.setScriptExecutionDisabled', { value: !run })
    },
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
}

/** Speaks with Chromium through pipes: messages of JSON, each of which a NUL ends. */
function protocol(child: ChildProcess, onEvent: (message: Message) => void) {
  const [to, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable]
  const waiting = new Map<number, (message: Message) => void>()
  const listening = new Map<string, () => void>()
  let [count, rest] = [0, '']
  from.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0')
    rest = parts.pop() ?? ''
    for (const message of parts.map(part => JSON.parse(part) as Message)) {
      if (message.id !== undefined) waiting.get(message.id)?.(message)
      else onEvent(message)
      listening.get(message.method ?? '')?.()
    }
  })
  return {
    send: (method: string, params = {}, sessionId?: unknown) =>
      new Promise<Readonly<Record<string, unknown>>>((done, fail) => {
        const id = ++count
        waiting.set(id, ({ result = {}, error }) => {
          waiting.delete(id)
          if (error) fail(new Error(`${method}: ${error.message}`))
          else done(result)
        })
        to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
      }),
    heard: (method: string) =>
      new Promise<void>(done => {
        listening.set(method, done)
      })
  }
}
