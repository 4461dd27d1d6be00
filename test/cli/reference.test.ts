import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readStatistics } from '../../src/metrics/reference.js'
import { idx } from '../images/idx-file.js'
import { TEST_IMAGES } from '../metrics/fashion-images.js'
import { epdRun, temporaryFolder } from '../support/cli.js'

const folder = temporaryFolder()
const env = { ...process.env, XDG_CACHE_HOME: folder }
const images = join(folder, 'some-images-idx3-ubyte.gz')
writeFileSync(images, gzipSync(idx([40, 28, 28], TEST_IMAGES.pixels.subarray(0, 40 * 784))))
const small = join(folder, 'small-images-idx3-ubyte')
writeFileSync(small, idx([2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)))

describe('epd-run reference', () => {
  it("makes statistics of an IDX file's images with the network that comes with the project", async () => {
    const out = join(folder, 'real.npz')
    const { code, stdout, stderr } = await epdRun(['reference', images, '--network', 'fashion28', '--out', out], {
      env
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/real\.npz: 40 images of 28x28, seen by fashion28, sha256 [0-9a-f]{64}\n$/)
    expect((await readStatistics(out)).mean).toHaveLength(128)
  })

  it.each<[string, string[], number, RegExp]>([
    [
      'weights that are not needed',
      [images, '--network', 'fashion28', '--weights', images],
      2,
      /--weights is not for the network fashion28/
    ],
    [
      'a preparation that there is not',
      [images, '--network', 'fashion28', '--preparation', 'pytorch'],
      2,
      /--preparation is not for/
    ],
    ['no weights', [images], 2, /--weights: the network inception-v3 has none of its own; name their file/],
    ['no such network', [images, '--network', 'vgg'], 2, /Allowed choices are inception-v3, fashion28/],
    [
      'images of another size',
      [small, '--network', 'fashion28'],
      1,
      /small-images\S+: the classifier of fashion28 looks at images of 1x28x28, and these are of 1x2x2; give others/
    ]
  ])('refuses %s', async (_, args, expected, message) => {
    const { code, stderr } = await epdRun(['reference', ...args, '--out', join(folder, 'none.npz')], { env })
    expect(stderr).toMatch(message)
    expect(code).toBe(expected)
  })
})
