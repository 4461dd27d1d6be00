import { describe, expect, it } from 'vitest'
import { epdRun, smallSpec, temporaryFolder } from '../support/cli.js'

describe('epd-run doctor', () => {
  it('times them on the model of a spec', async () => {
    const { code, stdout } = await epdRun(['doctor', smallSpec(), '--store', temporaryFolder(), '--json'])
    expect(code).toBe(0)
    const found = JSON.parse(stdout) as { runner: string; works: boolean; single?: number; batched?: number }[]
    expect(found).toHaveLength(7)
    for (const { single, batched } of found.filter(({ works }) => works)) {
      expect(single).toBeGreaterThan(0)
      expect(batched).toBeGreaterThan(0)
    }
  })
})
