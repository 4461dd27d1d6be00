import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { licensed, lockedPackages } from '../../tools/licences.js'
import { temporaryFolder } from '../support/cli.js'

/**
 * A checkout of what is committed and of what has changed since, in a folder of its own, with the packages of this one.
 */
function checkout(): string {
  const folder = join(temporaryFolder(), 'elsewhere')
  const changed = execFileSync('git', ['stash', 'create'], { encoding: 'utf8' }).trim()
  execFileSync('git', ['clone', '--quiet', '--no-checkout', '.', folder])
  const commit = changed === '' ? 'HEAD' : changed
  execFileSync('git', ['-C', folder, 'fetch', '--quiet', process.cwd(), commit])
  execFileSync('git', ['-C', folder, 'checkout', '--quiet', 'FETCH_HEAD'])
  execFileSync('ln', ['-s', join(process.cwd(), 'node_modules'), join(folder, 'node_modules')])
  return folder
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

function pack(folder: string) {
  const out = temporaryFolder()
  const stdout = execFileSync('npm', ['pack', '--json', '--pack-destination', out], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as Packed[]
  const file = join(out, filename)
  return {
    digest: createHash('sha256').update(readFileSync(file)).digest('hex'),
    paths: files.map(({ path }) => path),
    sbom: JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/sbom.cdx.json'], { encoding: 'utf8' })) as {
      components: { name: string; licenses: unknown[]; hashes: { alg: string }[] }[]
    }
  }
}

it('npm pack gives the same bytes in two folders, with a list of all packages, their licences and digests', () => {
  const [first, second] = [pack(checkout()), pack(checkout())]
  const lacking = licensed(lockedPackages())
    .filter(({ name, development }) => !development && !first.sbom.components.some(one => one.name === name))
    .map(({ name }) => name)
  expect(second.digest).toBe(first.digest)
  expect(first.paths).toContain('dist/cli/main.js')
  expect(lacking).toEqual([])
  expect(first.sbom.components.map(({ name }) => name)).not.toContain('vitest')
  for (const { licenses, hashes } of first.sbom.components) {
    expect(licenses.length).toBeGreaterThan(0)
    expect(hashes.map(({ alg }) => alg)).toContain('SHA-512')
  }
})
