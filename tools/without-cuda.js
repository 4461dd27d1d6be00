// The script of onnxruntime-node downloads CUDA libraries of 300 MB on every Linux x64, and fails where they cannot be
// had. A package can say of none of its dependencies that their scripts are not to be run, so this script of epd-run
// has that one ask first. npm runs the preinstall scripts of all packages before the other scripts of any.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const MARK = '// epd-run:'

const GUARD = `${MARK} CUDA is downloaded where it is asked for alone, such as by ONNXRUNTIME_NODE_INSTALL=cuda12.
if (
  !Object.keys(process.env).some(name => /^(npm_config_)?onnxruntime_node_install/i.test(name)) &&
  !process.argv.some(argument => argument.startsWith('--onnxruntime-node-install'))
)
  process.exit(0)

`

/**
 * Has the script of an installed onnxruntime-node end at once unless it is told what to download.
 * @param {string} script its path
 */
export function guard(script) {
  const text = readFileSync(script, 'utf8')
  if (text.startsWith(MARK)) return
  // The file may be a link to a store that other projects share, so that it is replaced and not changed.
  const changed = `${script}.${process.pid}.tmp`
  try {
    writeFileSync(changed, GUARD + text)
    renameSync(changed, script)
  } finally {
    rmSync(changed, { force: true })
  }
}

/** Whether the project that is installed depends on onnxruntime-node itself, so that its script is its own affair. */
function isProjects() {
  const file = join(process.env.npm_config_local_prefix ?? process.env.INIT_CWD ?? '.', 'package.json')
  const project = existsSync(file) ? entriesOf(JSON.parse(readFileSync(file, 'utf8'))) : new Map()
  return ['dependencies', 'devDependencies', 'optionalDependencies'].some(kind =>
    entriesOf(project.get(kind)).has('onnxruntime-node')
  )
}

/**
 * @param {unknown} value
 * @returns {Map<string, unknown>}
 */
function entriesOf(value) {
  return new Map(value instanceof Object ? Object.entries(value) : [])
}

if (process.argv[1] === import.meta.filename)
  try {
    if (!isProjects()) guard(createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js'))
  } catch {
    // Without the package there is no script. One that cannot be read or changed downloads CUDA, as it always did.
  }
