/**
 * One entry a version of the store: MIGRATIONS[n] takes version n to n + 1. Never edit one that was released. The view
 * `results` stands in some of them, and is no longer among what they change: results.ts makes it from the metrics that
 * there are.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    file TEXT NOT NULL,
    spec TEXT NOT NULL,          -- the YAML as it was read
    overrides TEXT NOT NULL,     -- what --set gave, a JSON array
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'interrupted', 'failed')),
    error TEXT,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    finished TEXT
  ) STRICT;

  CREATE TABLE stages (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    params TEXT NOT NULL,        -- resolved, JSON
    status TEXT NOT NULL CHECK (status IN ('running', 'finished')),
    nfe INTEGER,                 -- parallel NFE of one sample
    evaluations INTEGER,         -- all samples together
    seconds REAL NOT NULL DEFAULT 0,
    provenance TEXT NOT NULL,    -- versions and machine, JSON
    started TEXT NOT NULL,
    finished TEXT
  ) STRICT;

  CREATE TABLE run_stages (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    stage_key TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
  ) STRICT;
  CREATE INDEX run_stages_by_key ON run_stages (stage_key);

  CREATE TABLE artifacts (
    stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,   -- the shard it belongs to
    digest TEXT NOT NULL,        -- SHA-256 of the file
    extension TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (stage_key, name, position)
  ) STRICT;

  CREATE TABLE shards (
    stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    seeds TEXT NOT NULL,         -- JSON array
    nfe INTEGER,
    evaluations INTEGER NOT NULL,
    PRIMARY KEY (stage_key, position)
  ) STRICT;

  CREATE TABLE metrics (
    stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
    samples_key TEXT NOT NULL,   -- the stage whose samples were scored
    name TEXT NOT NULL,
    value REAL NOT NULL,
    count INTEGER NOT NULL,      -- samples it rests on
    details TEXT NOT NULL,       -- what it was measured against, JSON
    PRIMARY KEY (stage_key, samples_key, name)
  ) STRICT;

  CREATE TABLE predictors (
    stage_key TEXT PRIMARY KEY REFERENCES stages (key) ON DELETE CASCADE,
    predictor TEXT NOT NULL,     -- raw tables and ranges, JSON
    sigmas TEXT NOT NULL,        -- JSON array
    loss REAL NOT NULL,
    validation_loss REAL,
    evaluations INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE iterations (
    stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    phase TEXT NOT NULL,
    step INTEGER,
    loss REAL NOT NULL,
    validation_loss REAL,
    evaluations INTEGER NOT NULL,
    accepted INTEGER,
    damping REAL,
    state TEXT NOT NULL,         -- enough to continue from here, JSON; kept for the newest iteration alone
    PRIMARY KEY (stage_key, iteration)
  ) STRICT;

  CREATE TABLE claims (
    name TEXT PRIMARY KEY,       -- a stage's key, or a download
    holder TEXT NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    machine TEXT NOT NULL,       -- where the pid is valid
    began TEXT NOT NULL,         -- tells the process from a later one of its pid
    heartbeat INTEGER NOT NULL   -- milliseconds since 1970
  ) STRICT;

  CREATE VIEW results AS
  SELECT
    runs.name AS experiment,
    named.name AS samples,
    json_extract(stages.params, '$.solver.name') AS solver,
    json_extract(stages.params, '$.solver.points') AS points,
    json_extract(stages.params, '$.solver.afs') AS afs,
    json_extract(stages.params, '$.solver.schedule.type') AS schedule,
    stages.nfe AS nfe,
    (SELECT sum(json_array_length(seeds)) FROM shards WHERE stage_key = stages.key) AS images,
    stages.evaluations AS evaluations,
    scored.score AS score,
    max(CASE WHEN scored.metric = 'rmse' THEN scored.value END) AS rmse,
    max(CASE WHEN scored.metric = 'psnr' THEN scored.value END) AS psnr,
    max(CASE WHEN scored.metric = 'fid' THEN scored.value END) AS fid,
    max(CASE WHEN scored.metric = 'kid' THEN scored.value END) AS kid,
    max(CASE WHEN scored.metric = 'precision' THEN scored.value END) AS precision,
    max(CASE WHEN scored.metric = 'recall' THEN scored.value END) AS recall,
    max(CASE WHEN scored.metric = 'frechet-pixels' THEN scored.value END) AS frechet_pixels,
    round(stages.seconds, 2) AS seconds,
    runs.id AS run
  FROM runs
  JOIN run_stages AS named ON named.run_id = runs.id
  JOIN stages ON stages.key = named.stage_key AND stages.kind = 'sample'
  LEFT JOIN (
    SELECT scoring.run_id, scoring.position, scoring.name AS score, samples_key, metrics.name AS metric, value
    FROM metrics JOIN run_stages AS scoring ON scoring.stage_key = metrics.stage_key
  ) AS scored ON scored.run_id = runs.id AND scored.samples_key = stages.key
  GROUP BY runs.id, named.name, scored.score
  ORDER BY runs.created, scored.position IS NULL, scored.position, named.position;
  `,
  `
  ALTER TABLE runs ADD COLUMN allow_mismatch INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE imported_predictors (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,        -- as export writes it, JSON
    source TEXT NOT NULL,        -- the file it came from
    imported TEXT NOT NULL
  ) STRICT;

  DROP VIEW results;
  CREATE VIEW results AS
  SELECT
    runs.name AS experiment,
    named.name AS samples,
    json_extract(stages.params, '$.solver.name') AS solver,
    json_extract(stages.params, '$.solver.points') AS points,
    json_extract(stages.params, '$.solver.base') AS base,
    json_extract(stages.params, '$.solver.afs') AS afs,
    json_extract(stages.params, '$.solver.schedule.type') AS schedule,
    stages.nfe AS nfe,
    (SELECT sum(json_array_length(seeds)) FROM shards WHERE stage_key = stages.key) AS images,
    stages.evaluations AS evaluations,
    scored.score AS score,
    max(CASE WHEN scored.metric = 'rmse' THEN scored.value END) AS rmse,
    max(CASE WHEN scored.metric = 'psnr' THEN scored.value END) AS psnr,
    max(CASE WHEN scored.metric = 'fid' THEN scored.value END) AS fid,
    max(CASE WHEN scored.metric = 'kid' THEN scored.value END) AS kid,
    max(CASE WHEN scored.metric = 'precision' THEN scored.value END) AS precision,
    max(CASE WHEN scored.metric = 'recall' THEN scored.value END) AS recall,
    max(CASE WHEN scored.metric = 'frechet-pixels' THEN scored.value END) AS frechet_pixels,
    round(stages.seconds, 2) AS seconds,
    runs.id AS run
  FROM runs
  JOIN run_stages AS named ON named.run_id = runs.id
  JOIN stages ON stages.key = named.stage_key AND stages.kind = 'sample'
  LEFT JOIN (
    SELECT scoring.run_id, scoring.position, scoring.name AS score, samples_key, metrics.name AS metric, value
    FROM metrics JOIN run_stages AS scoring ON scoring.stage_key = metrics.stage_key
  ) AS scored ON scored.run_id = runs.id AND scored.samples_key = stages.key
  GROUP BY runs.id, named.name, scored.score
  ORDER BY runs.created, scored.position IS NULL, scored.position, named.position;
  `,
  `
  DROP VIEW results;
  CREATE VIEW results AS
  SELECT
    runs.name AS experiment,
    named.name AS samples,
    json_extract(stages.params, '$.solver.name') AS solver,
    json_extract(stages.params, '$.solver.points') AS points,
    json_extract(stages.params, '$.solver.base') AS base,
    json_extract(stages.params, '$.solver.afs') AS afs,
    json_extract(stages.params, '$.solver.schedule.type') AS schedule,
    stages.nfe AS nfe,
    (SELECT sum(json_array_length(seeds)) FROM shards WHERE stage_key = stages.key) AS images,
    stages.evaluations AS evaluations,
    scored.score AS score,
    max(CASE WHEN scored.metric = 'rmse' THEN scored.value END) AS rmse,
    max(CASE WHEN scored.metric = 'psnr' THEN scored.value END) AS psnr,
    max(CASE WHEN scored.metric = 'fid' THEN scored.value END) AS fid,
    max(CASE WHEN scored.metric = 'kid' THEN scored.value END) AS kid,
    max(CASE WHEN scored.metric = 'precision' THEN scored.value END) AS precision,
    max(CASE WHEN scored.metric = 'recall' THEN scored.value END) AS recall,
    max(CASE WHEN scored.metric = 'clip-score' THEN scored.value END) AS clip_score,
    max(CASE WHEN scored.metric = 'frechet-pixels' THEN scored.value END) AS frechet_pixels,
    round(stages.seconds, 2) AS seconds,
    runs.id AS run
  FROM runs
  JOIN run_stages AS named ON named.run_id = runs.id
  JOIN stages ON stages.key = named.stage_key AND stages.kind = 'sample'
  LEFT JOIN (
    SELECT scoring.run_id, scoring.position, scoring.name AS score, samples_key, metrics.name AS metric, value
    FROM metrics JOIN run_stages AS scoring ON scoring.stage_key = metrics.stage_key
  ) AS scored ON scored.run_id = runs.id AND scored.samples_key = stages.key
  GROUP BY runs.id, named.name, scored.score
  ORDER BY runs.created, scored.position IS NULL, scored.position, named.position;
  `,
  `
  ALTER TABLE runs ADD COLUMN seal TEXT NOT NULL DEFAULT '';        -- digest over the row
  ALTER TABLE stages ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE stages ADD COLUMN contents TEXT;                      -- of a finished one, digest over all rows that it has left
  ALTER TABLE run_stages ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE artifacts ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE shards ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE metrics ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE predictors ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE iterations ADD COLUMN seal TEXT NOT NULL DEFAULT '';
  ALTER TABLE imported_predictors ADD COLUMN seal TEXT NOT NULL DEFAULT '';

  UPDATE runs SET seal = row_seal('runs', id, name, description, file, spec, overrides, allow_mismatch);
  UPDATE run_stages SET seal = row_seal('run_stages', run_id, position, name, stage_key);
  UPDATE artifacts SET seal = row_seal('artifacts', stage_key, name, position, digest, extension, media_type, size);
  UPDATE shards SET seal = row_seal('shards', stage_key, position, seeds, nfe, evaluations);
  UPDATE metrics SET seal = row_seal('metrics', stage_key, samples_key, name, value, count, details);
  UPDATE predictors SET seal = row_seal('predictors', stage_key, predictor, sigmas, loss, validation_loss, evaluations);
  UPDATE iterations SET seal = row_seal('iterations', stage_key, iteration, phase, step, loss, validation_loss, evaluations,
    accepted, damping, state);
  UPDATE imported_predictors SET seal = row_seal('imported_predictors', name, record, source, imported);
  UPDATE stages SET contents = (
    SELECT row_seal(group_concat(seal, ' ')) FROM (
      SELECT seal FROM artifacts WHERE stage_key = stages.key
      UNION ALL SELECT seal FROM shards WHERE stage_key = stages.key
      UNION ALL SELECT seal FROM metrics WHERE stage_key = stages.key
      UNION ALL SELECT seal FROM predictors WHERE stage_key = stages.key
      UNION ALL SELECT seal FROM iterations WHERE stage_key = stages.key
      ORDER BY seal
    )
  ) WHERE status = 'finished';
  UPDATE stages SET seal = row_seal('stages', key, kind, params, status, nfe, evaluations, seconds, provenance, started, finished,
    contents);
  `,
  // A run's seal covers how it stands as well.
  `
  UPDATE runs SET seal = row_seal('runs', id, name, description, file, spec, overrides, allow_mismatch, status, error, created,
    updated, finished);
  `,
  // What people note of runs. No row refers to a run by a key, so that a run that is written anew keeps them.
  `
  CREATE TABLE run_tags (
    run_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    seal TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, tag)
  ) STRICT;

  CREATE TABLE run_notes (
    run_id TEXT PRIMARY KEY,
    note TEXT NOT NULL,
    seal TEXT NOT NULL DEFAULT ''
  ) STRICT;

  -- How far a run has come, as a process that works on it says with each sign of life.
  ALTER TABLE claims ADD COLUMN progress TEXT;                      -- JSON; of the notes of runs alone
  `
]
