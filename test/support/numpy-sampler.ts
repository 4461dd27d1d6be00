import { execFileSync } from 'node:child_process'

/** A Python with NumPy. */
const PYTHON = process.env.EPD_PYTHON ?? 'python3'

/**
 * What a program of Python prints, which finds `given` as `given`, folders of `path` on its path, and NumPy as `np`; it
 * prints one value by `give`.
 */
export function numpy(path: string, program: string, given: unknown): unknown {
  const whole = `import importlib, json, sys
import numpy as np
sys.path.insert(0, ${JSON.stringify(path)})
given = json.load(sys.stdin)
give = lambda value: json.dump(value, sys.stdout)
${program}`
  const input = JSON.stringify(given)
  const printed = execFileSync(PYTHON, ['-B', '-c', whole], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  return JSON.parse(printed)
}
