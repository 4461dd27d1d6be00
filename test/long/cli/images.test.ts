import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodePng } from '../../../src/images/png.js'
import { compareImages } from '../../../src/pipeline/comparison.js'
import { openStore } from '../../../src/store/store.js'
import { epdRun, temporaryFolder } from '../../support/cli.js'
import { smallRun } from '../../support/small-run.js'

const { spec, whole } = smallRun()
const folder = temporaryFolder()
const images = (...args: string[]) => epdRun(['images', 'small', '--store', whole, ...args], { cwd: folder })

function idIn(dir: string): string {
  const store = openStore(dir)
  try {
    return store.run('small').id
  } finally {
    store.close()
  }
}

describe('comparison.png', () => {
  it('is written by a run with several sample stages, and again where it was deleted', async () => {
    const path = join(whole, 'images', idIn(whole), 'comparison.png')
    const before = readFileSync(path)
    rmSync(path)
    expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0 })
    expect(readFileSync(path).equals(before)).toBe(true)
    const store = openStore(whole)
    const { picture, ...rest } = compareImages(store, 'small')
    store.close()
    expect(rest).toEqual({
      stages: ['reference', 'samples', 'euler'],
      seeds: [2040, 2041, 2042, 2043, 2044, 2045, 2046, 2047],
      reference: 'reference',
      leftOut: []
    })
    expect((await decodePng(before)).data.every((byte, i) => byte === picture.data[i])).toBe(true)
  })
})

describe('epd-run images', () => {
  it('draws the stages and seeds that it is told, and says what it has drawn', async () => {
    const drawn = await images('--seeds', '2049,2040-2042', '--stages', 'euler,samples', '--out', 'some.png', '--json')
    const { width, height } = await decodePng(readFileSync(join(folder, 'some.png')))
    expect(JSON.parse(drawn.stdout)).toEqual({
      ...{ file: 'some.png', run: idIn(whole), width, height },
      ...{ stages: ['euler', 'samples'], seeds: [2049, 2040, 2041, 2042], leftOut: [] }
    })
    const compared = await images('--errors', '--stages', 'euler', '-o', 'compared.png', '--json')
    expect(JSON.parse(compared.stdout)).toMatchObject({ stages: ['reference', 'euler'], reference: 'reference' })
  })

  it('is named as the run unless it is told otherwise, and never takes the place of a file', async () => {
    const name = `${idIn(whole)}.png`
    expect((await images()).stdout).toMatch(new RegExp(`^${name}: 3 stages of 8 seeds, \\d+x\\d+ pixels\\n$`))
    expect(statSync(join(folder, name)).size).toBeGreaterThan(10_000)
    expect(await images()).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('is there already') as string
    })
  })

  it.each([
    [['--stages', 'samples,eulr', '-o', 'refused.png'], 1, 'no sample stage "eulr"; did you mean "euler"?'],
    [['--seeds', '1,1'], 2, '--seeds: expected each seed once, found 1 twice'],
    [['--out', 'some.jpg'], 2, '--out some.jpg: expected a name that ends in .png']
  ])('refuses %j', async (args, code, message) => {
    const refused = await images(...args)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).toContain(message)
  })
})
