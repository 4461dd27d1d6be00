import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

const root = resolve('.')
const folder = mkdtempSync(join(tmpdir(), 'epd-package-'))
const unpacked = join(folder, 'node_modules/epd-run')

const call = (program: string, args: readonly string[], cwd = folder) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** The package as npm would install it, but for its dependencies, which are this checkout's. */
beforeAll(() => {
  const [{ filename }] = JSON.parse(
    call('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
  ) as { filename: string }[]
  mkdirSync(unpacked, { recursive: true })
  call('tar', ['-xzf', filename, '--strip-components=1', '-C', unpacked])
  symlinkSync(join(root, 'node_modules'), join(unpacked, 'node_modules'))
}, 120_000)

function filesOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && !entry.parentPath.includes('node_modules', unpacked.length))
    .map(entry => join(entry.parentPath, entry.name))
}

describe('the packed package', () => {
  it('is compiled against and run by a program that uses all of it', () => {
    cpSync('test/fixtures/consumer/index.ts', join(folder, 'index.ts'))
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    const compilerOptions = {
      ...{ target: 'ES2022', module: 'NodeNext', strict: true, skipLibCheck: true, verbatimModuleSyntax: true },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['index.ts'] }))
    call(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')])
    const [library, run] = call(process.execPath, ['index.js'])
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as unknown)
    const steps = (library as { solved: { sigmas: number[] } }).solved.sigmas
    expect(library).toMatchObject({
      solved: { nfe: 5, steps: steps.map((sigma, step) => [step, sigma]) },
      learned: 2,
      pictured: { bytes: 4 * 16 * 16 * 3, shape: [3, 16, 16], nfe: 3 },
      schema: 'object'
    })
    expect((library as { solved: { difference: number } }).solved.difference).toBeLessThan(1e-9)
    expect(run).toEqual({
      same: true,
      results: [{ samples: 'samples', nfe: 3, images: 4 }],
      stages: [['samples', 'finished']],
      events: ['started', 'progress', 'finished', 'cached'],
      refused: 'spec-invalid'
    })
    expect(readFileSync(join(folder, 'grid.png')).subarray(1, 4).toString()).toBe('PNG')
  })

  it('holds the source of each source map, and nothing of the compiler', () => {
    const files = filesOf(unpacked)
    const maps = files.filter(file => file.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(0)
    for (const map of maps) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(map, 'utf8')) as Record<string, unknown[] | undefined>
      expect(sourcesContent?.length, map).toBe(sources?.length)
    }
    expect(files.filter(file => file.endsWith('.tsbuildinfo'))).toEqual([])
  })

  it('has what its pages link to', () => {
    const dead = filesOf(unpacked)
      .filter(file => file.endsWith('.md'))
      .flatMap(page =>
        [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
          .map(([, link]) => join(dirname(page), link))
          .filter(target => !existsSync(target))
          .map(target => `${page}: ${target}`)
      )
    expect(dead).toEqual([])
  })
})

/**
 * The requests that the script of onnxruntime-node makes are noted and refused, by this module that Node loads first.
 */
const WITNESS = `const https = require('node:https')
https.get = url => {
  require('node:fs').appendFileSync(process.env.EPD_REQUESTS, String(url) + '\\n')
  throw new Error('refused')
}
`

// Elsewhere that script has nothing to download.
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the installation of the packed package', () => {
  const place = join(folder, 'installation')
  const requests = join(place, 'requests')
  const runtime = join(place, 'onnxruntime-node')
  const env = {
    // npm tells its scripts of this checkout, in which nothing would be downloaded.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
    NODE_OPTIONS: `--require ${join(place, 'witness.cjs')}`,
    NODE_PATH: join(root, 'node_modules'),
    EPD_REQUESTS: requests
  }
  const requested = () => (existsSync(requests) ? readFileSync(requests, 'utf8') : '')
  const runScript = (cwd: string, besides: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, ['script/install'], { cwd, env: { ...env, ...besides } })

  const NONE = { devDependencies: {}, optionalDependencies: {}, bin: {} }

  /** Packs some files of a package, which then has these dependencies alone, and names the archive. */
  function packed(from: string, files: readonly string[], dependencies: object): string {
    const to = join(place, from === unpacked ? 'epd-run' : 'onnxruntime-node')
    for (const file of files) cpSync(join(from, file), join(to, file), { recursive: true })
    const described = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as object
    writeFileSync(join(to, 'package.json'), JSON.stringify({ ...described, ...NONE, dependencies }))
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', place]
    const [{ filename }] = JSON.parse(call('npm', args, to)) as { filename: string }[]
    return join(place, filename)
  }
  it('downloads no CUDA, which can be asked for still', () => {
    mkdirSync(place)
    writeFileSync(join(place, 'witness.cjs'), WITNESS)
    const onnxruntime = packed(join(root, 'node_modules/onnxruntime-node'), ['script'], {})
    runScript(runtime)
    expect(requested()).toContain('nuget')
    rmSync(requests)

    const project = join(place, 'project')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{}')
    const dependencies = { 'onnxruntime-node': `file:${onnxruntime}` }
    const archive = packed(unpacked, ['tools'], dependencies)
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', archive], {
      cwd: project,
      env,
      stdio: 'pipe'
    })
    expect(requested()).toBe('')
    runScript(join(project, 'node_modules/onnxruntime-node'), { ONNXRUNTIME_NODE_INSTALL: 'cuda12' })
    expect(requested()).toContain('nuget')
  }, 60_000)
})
