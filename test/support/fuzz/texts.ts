import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packed, type Target } from './target.js'

const texts = (...all: readonly string[]) => all.map(text => Buffer.from(text))
const root = new URL('../../../', import.meta.url)

function specs(): Buffer[] {
  const folder = new URL('specs/', root)
  return readdirSync(folder).map(name => readFileSync(new URL(name, folder)))
}

const SPEC_TOKENS = [
  ...['model:', 'checkpoint: ', 'onnx: ', 'command: [', 'inputs: { x: x, noise: t }', 'predicts: epsilon', 'guidance:'],
  ...['solver:', 'name: ', 'epd', 'amed', 'heun', 'dpmpp', 'unipc', 'nfe: 5', 'points: 2', 'afs: true', 'schedule:'],
  ...['type: polynomial', 'rho: ', 'stages:', 'kind: teacher', 'kind: distill', 'kind: sample', 'kind: score'],
  ...['seeds: 0-63'],
  ...[
    'matrix:',
    'matrix.nfe',
    'matrix.a',
    'include: [{',
    'exclude: [{',
    'plugins: [x.js]',
    'metrics: [',
    'dataset:',
    'prompts:',
    'csv: ',
    'hf:a/b'
  ],
  ...['https://a/b', '#sha256='],
  ...['<<: *', '&a ', '*a', '!!', '!<', '? ', '- ', ': ', '|\n', '>-\n', '---\n', '...\n', '%YAML 1.1\n', '{', '}'],
  ...['[', ']', '"\\u0000"'],
  ...['__proto__', 'constructor', '.nan', '.inf', '~', '\t', '#', '\u2028', '\ufeff', '\n  ', 'predictor:'],
  ...['validation: 1-2']
]

const experiments: Target = {
  name: 'experiments',
  seeds: specs,
  tokens: SPEC_TOKENS,
  async open(place) {
    const { loadExperiment } = await import('../../../src/experiment/load.js')
    const file = place('spec.yaml', '')
    return input => {
      const { overrides, text } = loadExperiment({ file: place('spec.yaml', input) })
      loadExperiment({ file, text, set: overrides })
    }
  }
}

const overrides: Target = {
  name: 'overrides',
  seeds: () =>
    texts(
      'stages.samples.seeds=0-63',
      'solver.nfe=7\nsolver.schedule={ type: polynomial, rho: 7 }',
      'name=x',
      'stages.0=1'
    ),
  tokens: [
    'solver.',
    'stages.',
    'samples.',
    'model.checkpoint=',
    'matrix.nfe=[3, 5]',
    '=',
    '.',
    '\n',
    '__proto__.',
    ...SPEC_TOKENS
  ],
  async open(place) {
    const { loadExperiment } = await import('../../../src/experiment/load.js')
    const file = place('spec.yaml', readFileSync(new URL('specs/shapes16-nfe5.yaml', root)))
    return input => loadExperiment({ file, set: input.toString('utf8').split('\n') })
  }
}

const seeds: Target = {
  name: 'seeds',
  seeds: () => texts('0-1023', '1,2,5-10', '7', ' 4294967295 , 3 - 9', '0-9999999'),
  tokens: ['-', ',', ' ', '4294967295', '9999999', '10000000', '0-', '\n', '٣'],
  async open() {
    const { formatSeeds, parseSeeds } = await import('../../../src/reading/seeds.js')
    return input => {
      const found = parseSeeds(input.toString('utf8'))
      const text = formatSeeds(found)
      if (formatSeeds(parseSeeds(text)) !== text) throw new Error(`${text} is not read back`)
    }
  },
  refuses: error => error instanceof RangeError && error.message.startsWith('expected ')
}

const locations: Target = {
  name: 'locations',
  seeds: () =>
    texts(
      'models/a.pkl',
      'hf:owner/name@refs/pr/1/folder/file.bin',
      `https://a.b/c.pkl#sha256=${'0a'.repeat(32)}`,
      '~/x'
    ),
  tokens: [
    'hf:',
    'https://',
    '@',
    '/',
    '..',
    '#sha256=',
    '%2F',
    '%2f',
    '%',
    'refs/pr/',
    '~',
    '\0',
    '\\',
    'a/b',
    '.safetensors',
    '--'
  ],
  async open(place) {
    const { located, locatedFolder, placeOf, repositoryLocation } = await import('../../../src/reading/location.js')
    const { wrongPath } = await import('../../../src/reading/paths.js')
    const spec = place('spec.yaml', '')
    return input => {
      const text = input.toString('utf8')
      wrongPath(text)
      located(text, spec)
      locatedFolder(text, spec)
      const found = placeOf(text)
      if (found.kind === 'repository') placeOf(repositoryLocation(found))
    }
  }
}

const queries: Target = {
  name: 'queries',
  seeds: () =>
    texts(
      'SELECT * FROM runs',
      "SELECT name, json_extract(params, '$.nfe') FROM stages JOIN run_stages ON key = stage_key ORDER BY 1 LIMIT 3",
      'PRAGMA table_info(stages)',
      'EXPLAIN QUERY PLAN SELECT count(*) FROM metrics GROUP BY name',
      'WITH a(x) AS (VALUES (1), (2)) SELECT x, row_number() OVER (ORDER BY x) FROM a'
    ),
  tokens: [
    ...['SELECT ', ' FROM ', 'runs', 'stages', 'metrics', 'artifacts', 'shards', 'sqlite_master', ' WHERE '],
    ...[' RETURNING *'],
    ...['INSERT INTO runs ', 'DELETE FROM runs', 'UPDATE runs SET name = 1', 'CREATE TEMP TABLE a(b)'],
    ...['DROP TABLE runs', 'VACUUM'],
    ...["VACUUM INTO 'copy.sqlite'", "ATTACH 'other.sqlite' AS o", 'PRAGMA journal_mode = DELETE'],
    ...['PRAGMA wal_checkpoint(TRUNCATE)'],
    ...['PRAGMA writable_schema = ON', 'PRAGMA query_only = OFF', 'PRAGMA user_version = 9', 'PRAGMA optimize'],
    ...['PRAGMA '],
    ...['BEGIN IMMEDIATE', 'REINDEX', 'ANALYZE', "load_extension('x')", 'row_seal(1)', "writefile('a', 'b')", ';'],
    ...['--', '/*', '(', ')'],
    ...["'", '"', '`', '[', '?', '?1', ':a', '@a', '$a', "x'00'", '\0', "json('", 'EXPLAIN ', 'AS ', ', ', '*'],
    ...['1e999', '||']
  ],
  async open(_, folder) {
    const { createStore } = await import('../../../src/store/store.js')
    const { query } = await import('../../../src/store/query.js')
    const store = join(folder, 'store')
    const written = createStore(store)
    written.beginRun(
      { id: 'a-00000001', name: 'a', description: '', file: 'a.yaml', spec: 'name: a\n', overrides: [] },
      []
    )
    written.close()
    const file = join(store, 'store.sqlite')
    const state = () =>
      JSON.stringify(readdirSync(folder, { recursive: true }).filter(name => !/-(wal|shm)$/.test(String(name))))
    const [bytes, names] = [readFileSync(file), state()]
    return input => {
      try {
        query(file, input.toString('utf8'))
      } finally {
        if (!readFileSync(file).equals(bytes) || state() !== names) throw new Error('the store has changed')
      }
    }
  },
  unbounded: 'a statement may ask for any amount of work'
}

const prompts: Target = {
  name: 'lists of prompts',
  seeds: () => texts('text,source\na cat,x\n"a ""big"", dog",y\n', 'text\none\r\ntwo\r\n', '\ufeff"text"\n"a\nb"\n'),
  tokens: ['"', '""', ',', '\n', '\r\n', '\r', 'text', '\ufeff', '\0', ' ', '",'],
  async open(place) {
    const { promptsOf, readPrompts } = await import('../../../src/pipeline/prompts.js')
    return async input => {
      const found = await readPrompts({ csv: place('prompts.csv', input), column: 'text' }, path => path)
      if (found && !promptsOf(found, [0, 1, 4294967295]).every(prompt => typeof prompt === 'string'))
        throw new Error('a seed has no prompt')
    }
  }
}

/** The parts of one input, each of which is a file; one that is empty is not there. */
const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'merges.txt'
]
const PART = '\f'
const empty = (name: string) => (name.endsWith('.txt') ? '' : '{}')

const tokenizers: Target = {
  name: 'tokenisers',
  seeds() {
    const parts = (name: string) => {
      const files = packed(name)
      return TOKENIZER_FILES.map(file => files.get(`model/tokenizer/${file}`)?.toString('utf8') ?? '')
    }
    const whole = JSON.stringify({
      ...{ version: '1.0', truncation: null, padding: null },
      added_tokens: ['<|startoftext|>', '<|endoftext|>'].map((content, id) => ({
        id,
        content,
        special: true,
        normalized: false
      })),
      normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: { type: 'RobertaProcessing', sep: ['<|endoftext|>', 1], cls: ['<|startoftext|>', 0] },
      decoder: { type: 'ByteLevel' },
      model: {
        ...{ type: 'BPE', unk_token: '<|endoftext|>', end_of_word_suffix: '</w>', continuing_subword_prefix: '' },
        ...{
          vocab: { '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2, 'a</w>': 3, b: 4, 'ab</w>': 5 },
          merges: ['a b</w>']
        }
      }
    })
    const saved = ['tokens-published.zip', 'tokens-saved.zip'].map(name => [...parts(name), 'a cat'].join(PART))
    return texts(...saved, [whole, '{"tokenizer_class":"CLIPTokenizer"}', '', '', '', 'ab'].join(PART))
  },
  tokens: [
    ...[
      PART,
      '"type":"',
      '"BPE"',
      '"Unigram"',
      '"WordPiece"',
      '"WordLevel"',
      '"Sequence"',
      '"Replace"',
      '"pattern":{"Regex":"',
      '"Split"'
    ],
    ...['"String":"', '"content":', '"vocab":{', '"merges":[', '["a","b"]', '"added_tokens":[', '"normalizer":null'],
    ...['"Precompiled"', '"Bert'],
    ...['"Metaspace"', '"Digits"', '"Whitespace"', '"Punctuation"', '"TemplateProcessing"', '"ByteLevel"'],
    ...['"pad_token":', '"unk_token":'],
    ...['"__proto__":', '"byte_fallback":true', '"ignore_merges":true', '"dropout":0.5', '#version: 0.2\n'],
    ...['a b</w>\n', '</w>', '<|endoftext|>']
  ],
  async open(place, folder) {
    const { openTokenizer } = await import('../../../src/models/tokenizer.js')
    for (const kind of ['saved', 'published']) mkdirSync(join(folder, kind), { recursive: true })
    return async input => {
      const parts = input.toString('utf8').split(PART)
      const kind = parts[0] === '' ? 'published' : 'saved'
      TOKENIZER_FILES.forEach((name, i) => {
        if (name !== 'tokenizer.json' || kind === 'saved')
          place(`${kind}/${name}`, parts.at(i) === '' || i >= parts.length ? empty(name) : parts[i])
      })
      const tokenizer = await openTokenizer(join(folder, kind), 77)
      const { ids } = tokenizer.encode(parts[5] ?? '')
      if (ids.length !== 77 || !ids.every(id => Number.isSafeInteger(id))) throw new Error('it gives no tokens')
    }
  }
}

const programs: Target = {
  name: 'programs',
  seeds() {
    const greeting = (said: unknown, answer = Buffer.alloc(16)) => {
      const json = Buffer.from(JSON.stringify(said))
      const head = Buffer.alloc(8)
      head.writeUInt32LE(0x7fe00002)
      head.writeUInt32LE(json.length, 4)
      return Buffer.concat([head, json, answer])
    }
    const told = { protocol: 2, shape: [1, 2, 2], predicts: 'epsilon' }
    return [
      greeting({ ...told, noise: { type: 'sigma', told: 'log', sigmaMin: 0.002, sigmaMax: 80 } }),
      greeting({ ...told, noise: { type: 'steps', alphaBars: [0.99, 0.5, 0.01] }, labels: 3, prompts: true, nfe: 2 }),
      greeting({ ...told, noise: { type: 'flow', times: 1000 }, decodes: [3, 4, 4] }),
      Buffer.alloc(16)
    ]
  },
  tokens: [
    ...['"protocol":2', '"shape":[1,2,2]', '"predicts":"v"', '"noise":{"type":"steps","alphaBars":['],
    ...['"between":"log-sigma"', '"nfe":'],
    ...['"labels":', '"decodes":null', '"told":"quarter-log"', '"first":', '"last":', '"__proto__":{', '1e-320'],
    ...['\u0000']
  ],
  async open() {
    const { answered, ask, deferred, greeted } = await import('../../../src/models/program-state.js')
    const { parametrisation } = await import('../../../src/models/parametrisation.js')
    type Running = Parameters<typeof greeted>[0]
    /** A program as it stands between two of its writes; nothing runs behind it. */
    const running = (): Running => ({
      options: { command: ['program'], timeout: 60 },
      mark: '',
      child: { stdin: { write: () => true } } as unknown as Running['child'],
      ...{ announced: deferred(), life: { kind: 'open' }, turn: { kind: 'idle' } },
      ...{
        voice: { kind: 'unheard', bytes: Buffer.alloc(0) },
        said: '',
        elapsed: 0,
        silence: setTimeout(() => undefined)
      }
    })
    return async input => {
      const one = running()
      const answer = ask(one, { samples: 1, x: new Float32Array(4) }, 4)
      let rest: Buffer | undefined
      for (let at = 0; at < input.length && one.life.kind === 'open'; at += 4096) {
        const chunk = input.subarray(at, at + 4096)
        rest = one.voice.kind === 'heard' ? chunk : greeted(one, Buffer.concat([one.voice.bytes, chunk]))
        if (rest !== undefined && rest.length > 0) answered(one, rest)
      }
      if (one.turn.kind === 'answering') one.turn.awaited.reject(new EndOfInput())
      await answer.catch((error: unknown) => {
        if (!(error instanceof EndOfInput)) throw error
      })
      if (one.voice.kind !== 'heard') return
      const said = await one.announced.promise
      if (said) parametrisation(said.predicts, said.noise).at(1)
    }
  }
}

class EndOfInput extends Error {}

const pages: Target = {
  name: 'answers of servers',
  seeds: () =>
    texts(
      '<!DOCTYPE html><html><head><title> Too many\nrequests </title><script>x</script></head><body>a <b>c</b></body></html>',
      '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
      '{"error":"Entry not found"}',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      JSON.stringify({ sha: '0a'.repeat(20), siblings: [{ rfilename: 'a/b.bin', size: 3, blobId: '0b'.repeat(20) }] })
    ),
  tokens: [
    '<title',
    '</title>',
    '<script>',
    '</script>',
    '<style',
    '<',
    '>',
    ' ',
    '<html',
    '<head ',
    '{',
    '"siblings":[',
    '"lfs":{"sha256":"',
    '\n'
  ],
  async open() {
    const { pageIn } = await import('../../../src/downloads/page.js')
    const { listingIn } = await import('../../../src/downloads/hub.js')
    return input => {
      for (const contentType of ['text/html', undefined]) pageIn(input, { name: 'a.safetensors', contentType })
      listingIn(input.toString('utf8'))
    }
  },
  refuses: error => error.constructor === Error && error.message.startsWith('it ')
}

export const TEXTS: readonly Target[] = [
  ...[experiments, overrides, seeds, locations, queries, prompts, tokenizers, programs, pages]
]
