import { absentFiles } from '../pipeline/assets.js'
import { inColumns } from './columns.js'
import type { SpecFlags } from './main.js'
import { load } from './load.js'
import { summary } from './summary.js'

export function validate(file: string, options: SpecFlags): void {
  const experiment = load(file, options)
  const warnings = [...experiment.warnings, ...absentFiles(experiment, options.store)]
  process.stderr.write(warnings.map(message => `warning: ${message}\n`).join(''))
  if (options.json) {
    process.stdout.write(`${JSON.stringify(experiment)}\n`)
    return
  }
  const rows = experiment.stages.map(stage => [stage.name, stage.kind, summary(stage)])
  process.stdout.write(`${file} is valid\n\n${inColumns(['stage', 'kind', 'what'], rows)}\n`)
}
