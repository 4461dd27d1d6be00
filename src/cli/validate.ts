import { absentFiles } from '../pipeline/assets.js'
import { inColumns } from './columns.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { SpecFlags } from './flags.js'
import { load } from './load.js'
import { elsewhereTable } from './reads.js'

export async function validate(file: string, options: SpecFlags): Promise<void> {
  const experiment = await load(file, options)
  const warnings = [...experiment.warnings, ...absentFiles(experiment)]
  process.stderr.write(warnings.map(message => `warning: ${message}\n`).join(''))
  if (options.json) {
    process.stdout.write(`${JSON.stringify(experiment)}\n`)
    return
  }
  const rows = experiment.stages.map(stage => [stage.name, stage.kind, STAGE_KINDS.of(stage).summary(stage)])
  const elsewhere = elsewhereTable(experiment)
  const tables = [inColumns(['stage', 'kind', 'what'], rows), ...(elsewhere === '' ? [] : [elsewhere])]
  process.stdout.write(`${file} is valid\n\n${tables.join('\n\n')}\n`)
}
