import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../support/cli.js'
import { tinySpec } from '../support/old-stores.js'

it('ONNX Runtime keeps no notes on its use, which it would send to Microsoft', async () => {
  const home = temporaryFolder()
  const folder = temporaryFolder()
  const env = { ...process.env, HOME: home, USERPROFILE: home, XDG_CACHE_HOME: undefined }
  const { code } = await epdRun(['run', tinySpec(folder), '--store', join(folder, 'store')], { env })
  expect(code).toBe(0)
  expect(readdirSync(home, { recursive: true })).toEqual([])
})
