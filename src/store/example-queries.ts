import type { ExampleQuery } from './catalogue.js'

/** Questions that users have, with the SQL that answers them in any store. */
export const EXAMPLE_QUERIES: readonly ExampleQuery[] = [
  {
    title: 'The results of all runs, the best first',
    sql: `SELECT run, samples, solver, points, nfe, rmse, psnr
FROM results
WHERE rmse IS NOT NULL
ORDER BY rmse`
  },
  {
    title: 'The best score at each NFE, over all runs of the store',
    sql: `SELECT nfe, solver, min(rmse) AS rmse FROM results WHERE rmse IS NOT NULL GROUP BY nfe ORDER BY nfe`
  },
  {
    title: 'The runs, the newest first',
    sql: `SELECT id, status, created, error FROM runs ORDER BY created DESC`
  },
  {
    title: 'What each stage took, the slowest first',
    sql: `SELECT name, kind, evaluations, seconds
FROM stages JOIN run_stages ON stage_key = key
ORDER BY seconds DESC`
  },
  {
    title: 'How a distillation went',
    sql: `SELECT name, iteration, phase, step, sqrt(loss) AS rms, evaluations, accepted
FROM iterations JOIN run_stages USING (stage_key)
ORDER BY name, iteration`
  },
  {
    title: 'What was learned, on which time points, and how good it is on trajectories that it never saw',
    sql: `SELECT name, sigmas, sqrt(loss) AS rms, sqrt(validation_loss) AS validation_rms
FROM predictors JOIN run_stages USING (stage_key)`
  },
  {
    title: 'The weights that EPD learned for its points, step by step, as raw numbers',
    sql: `SELECT name, step.key AS step, step.value AS weights
FROM predictors JOIN run_stages USING (stage_key), json_each(predictor, '$.weight') AS step`
  },
  {
    title: 'What a score rests on',
    sql: `SELECT name, value, count, details FROM metrics ORDER BY name, value`
  },
  {
    title: 'Results that several runs share',
    sql: `SELECT substr(stage_key, 1, 12) AS stage, count(*) AS runs, group_concat(run_id, ', ') AS which
FROM run_stages
GROUP BY stage_key HAVING count(*) > 1`
  },
  {
    title: 'The file in `objects/` that holds the samples of a seed',
    sql: `SELECT run_stages.name AS stage, shards.position AS shard,
  'objects/' || substr(digest, 1, 2) || '/' || digest || '.' || extension AS file
FROM artifacts JOIN shards USING (stage_key, position) JOIN run_stages USING (stage_key), json_each(seeds) AS seed
WHERE artifacts.name = 'samples' AND seed.value = 3`
  },
  {
    title: 'How much room each kind of file takes, in bytes',
    sql: `SELECT kind, name, count(*) AS files, sum(size) AS bytes
FROM artifacts JOIN stages ON stage_key = stages.key
GROUP BY kind, name
ORDER BY bytes DESC`
  },
  {
    title: 'With which versions and on what machine each stage was computed',
    sql: `SELECT name, provenance ->> '$.versions.epd-run' AS epd_run,
  provenance ->> '$.versions.node' AS node, provenance ->> '$.machine.host' AS host
FROM stages JOIN run_stages ON stage_key = key
ORDER BY started`
  },
  {
    title: 'Which files each stage was given, with their SHA-256',
    sql: `SELECT name, file.value ->> 'location' AS file, file.value ->> 'digest' AS sha256, file.value ->> 'bytes' AS bytes
FROM stages JOIN run_stages ON stage_key = stages.key, json_each(provenance, '$.files') AS file
ORDER BY started`
  }
]
