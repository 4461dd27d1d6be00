import { dirname, join } from 'node:path'
import { readLatentConfig } from '../../src/checkpoints/compvis.js'
import { readJson } from '../../src/checkpoints/json.js'
import { onnxInterface } from '../../src/engines/onnx/interface.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { openImages } from '../../src/images/collection.js'
import { readStatistics } from '../../src/metrics/reference.js'
import { readParts } from '../../src/models/parts.js'
import { readPrompts } from '../../src/pipeline/prompts.js'
import { readPredictor } from '../../src/predictors/file.js'
import type { Reading } from './hostile.js'

/** What reads each kind of input, as the commands do. */
export const READERS: Readonly<Record<Reading, (path: string) => unknown>> = {
  spec: path => loadExperiment({ file: path }),
  checkpoint: path => readParts(path),
  predictor: path => readPredictor(path),
  async images(path) {
    const { names, read, size } = openImages(path)
    size(names[0])
    await read(names[0])
  },
  statistics: path => readStatistics(path),
  onnx: path => onnxInterface(path),
  prompts: path => readPrompts({ csv: path, column: 'text' }, location => location),
  config: path => (path.endsWith('.json') ? readJson(path) : readLatentConfig(join(dirname(path), 'net.ckpt')))
}
