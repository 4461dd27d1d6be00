/** A process that gives input to one reader. With `--counted` it counts what of src/ the input reaches. */
import { register } from 'node:module'

// What is imported from here on is counted.
if (process.argv.includes('--counted')) register('./hook.js', import.meta.url)
const { work } = await import('./work.js')
work()
