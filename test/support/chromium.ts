import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from './cli.js'

const run = promisify(execFile)

/** Where Debian and others put it; EPD_CHROMIUM names another. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export function chromium(): string {
  const found = [process.env.EPD_CHROMIUM, ...PLACES].find(place => place !== undefined && existsSync(place))
  if (found !== undefined) return found
  throw new Error('these tests need Chromium: apt-get install chromium, or name one with EPD_CHROMIUM')
}

/** Opens a file without a screen and a network, and returns what its document is once its scripts have run. */
export async function openedIn(file: string, flags: readonly string[] = []): Promise<string> {
  const profile = temporaryFolder()
  const { stdout } = await run(
    chromium(),
    [
      ...[
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${profile}`,
        '--virtual-time-budget=3000'
      ],
      ...['--host-resolver-rules=MAP * ~NOTFOUND', ...flags, '--dump-dom', `file://${file}`]
    ],
    { maxBuffer: 2 ** 28 }
  )
  return stdout
}

/**
 * What a function finds in the document of a page, which is shown in a frame of some width. The page's own policy lets
 * no script of a test run in it, so that it runs around the frame.
 */
export async function foundIn<T>(page: string, width: number, look: string): Promise<T> {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'page.html'), page)
  writeFileSync(
    join(folder, 'around.html'),
    `<!doctype html><meta charset="utf-8"><iframe src="page.html" width="${width}" height="900" style="border:0"></iframe>
<script>addEventListener('load', () => {
  const frame = document.querySelector('iframe')
  const found = (${look})(frame.contentDocument, frame.contentWindow)
  document.documentElement.dataset.found = encodeURIComponent(JSON.stringify(found))
})</script>`
  )
  const around = join(folder, 'around.html')
  const dom = await openedIn(around, ['--disable-web-security', '--allow-file-access-from-files'])
  const [, text] = /data-found="([^"]*)"/.exec(dom) ?? []
  return JSON.parse(decodeURIComponent(text)) as T
}
