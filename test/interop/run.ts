/**
 * `npm run test:interop`: has the real libraries write the cases of make.py anew, and holds this project to what they
 * compute.
 *
 * - PYTHON names a Python with PyTorch, transformers and safetensors; without it a virtual environment is made with
 *   pip.
 * - DIFFUSERS names a checkout of diffusers' repository, or a git directory of it, from which two versions are taken:
 *   an old one and the newest; without it the package of that Python.
 * - COMPVIS names a folder with checkouts of CompVis's repositories; without it their cases are left out.
 * - K_DIFFUSION and COMFYUI name checkouts of k-diffusion and ComfyUI; without them exported predictors are run in
 *   diffusers alone.
 * - `--keep FOLDER` keeps what was written in that folder.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeExports } from './predictors.js'

const OLD = 'v0.27.2'
const PACKAGES = [
  'torch',
  'transformers',
  'safetensors',
  'numpy',
  'einops',
  'pyyaml',
  'pytorch_lightning',
  'accelerate',
  // What diffusers itself asks for where it is a checkout.
  'requests',
  'httpx',
  'filelock',
  'regex',
  'importlib_metadata',
  // What ComfyUI and k-diffusion ask for where they are checkouts.
  'scipy',
  'psutil',
  // What exports a network of PyTorch as a graph.
  'onnx',
  'onnxscript'
]
const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '..', '..')

interface Version {
  readonly name: string
  /** What PYTHONPATH needs so that `import diffusers` is this version; absent: nothing. */
  readonly source?: string
}

const { values } = parseArgs({ options: { keep: { type: 'string' } } })
const work = values.keep ?? mkdtempSync(join(tmpdir(), 'epd-interop-'))
const python = process.env.PYTHON ?? virtualEnvironment()
const exported = join(work, 'exports')
writeExports(exported)
for (const version of versions()) {
  const cases = join(work, version.name)
  console.log(`diffusers ${version.name} writes its cases into ${cases}`)
  const path = [version.source, process.env.PYTHONPATH].filter(part => part !== undefined).join(delimiter)
  run(python, [join(here, 'make.py'), cases], { PYTHONPATH: path, EPD_EXPORTS: exported })
  run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.interop.config.ts'], {
    EPD_INTEROP: cases,
    EPD_PYTHON: python,
    PYTHONPATH: [here, path].join(delimiter)
  })
}

function versions(): Version[] {
  const given = process.env.DIFFUSERS
  if (given === undefined) return [{ name: 'installed' }]
  const tags = tagsOf(given)
  if (tags.length === 0) return [{ name: 'checkout', source: join(given, 'src') }]
  return [...new Set([OLD, tags[tags.length - 1]])].filter(tag => tags.includes(tag)).map(tag => checkedOut(given, tag))
}

/** The releases that a repository has, the newest last. */
function tagsOf(repository: string): string[] {
  const { status, stdout } = spawnSync('git', ['-C', repository, 'tag', '--list', 'v*', '--sort=version:refname'], {
    encoding: 'utf8'
  })
  return status === 0 ? stdout.split('\n').filter(tag => /^v[\d.]+$/.test(tag)) : []
}

function checkedOut(repository: string, tag: string): Version {
  const folder = join(work, 'sources', tag)
  mkdirSync(folder, { recursive: true })
  const archive = execFileSync('git', ['-C', repository, 'archive', tag, 'src'], { maxBuffer: 2 ** 30 })
  execFileSync('tar', ['x', '-C', folder], { input: archive })
  return { name: tag, source: join(folder, 'src') }
}

function virtualEnvironment(): string {
  const folder = join(root, 'node_modules', '.cache', 'interop-python')
  const made = join(folder, 'bin', 'python')
  if (existsSync(made)) return made
  run('python3', ['-m', 'venv', folder])
  const libraries = process.env.DIFFUSERS === undefined ? [...PACKAGES, 'diffusers'] : PACKAGES
  run(made, ['-m', 'pip', 'install', '--quiet', ...libraries])
  return made
}

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } })
  if (status !== 0) process.exit(status ?? 1)
}
