import { writeFileSync } from 'node:fs'
import { generatedPages } from './reference/pages.js'

/** Writes the pages of docs/ that say what descriptors say. */
for (const [path, text] of await generatedPages()) writeFileSync(path, text)
