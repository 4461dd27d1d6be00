import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { wrongPath } from '../../src/reading/paths.js'
import { errors } from '../experiment/spec.js'

describe('a path', () => {
  it.each(['a', '.', '..', '/', 'a b', './~/x', 'a/~', '~backup', 'x~', 'C:\\x'])('such as %j may be one', path => {
    expect(wrongPath(path)).toBeUndefined()
  })

  it.each([
    ['', 'expected a path, found an empty one'],
    ['a\0b', 'expected a path, found "a\\u0000b", and no path has a NUL character'],
    ['~', `expected a whole path, such as ${homedir()}, found "~"`],
    ['~/a/b', `expected a whole path, such as ${join(homedir(), 'a', 'b')}, found "~/a/b"`],
    ['~other/a', 'expected a whole path, such as /home/..., found "~other/a"']
  ])('such as %j is refused', (path, message) => {
    expect(wrongPath(path)).toContain(message)
  })

  const spec = (model: string, score = '') =>
    `name: a\nmodel: ${model}\nsolver: { name: euler, nfe: 3 }\nstages:\n  a: { kind: sample, seeds: 0 }\n${score}`

  it.each([
    [spec('{ checkpoint: ~/x.pkl }'), '2:22: model.checkpoint: expected a whole path'],
    [
      spec('{ checkpoint: "a\\0b" }'),
      '2:22: model.checkpoint: expected a path, found "a\\u0000b", and no path has a NUL'
    ],
    [
      spec(
        '{ checkpoint: m }',
        '  s: { kind: score, samples: [a], metrics: [fid], statistics: ~/s.npz, features: { weights: ~/w } }\n'
      ),
      '6:63: stages.s.statistics: expected a whole path'
    ],
    [
      spec('{ checkpoint: m }', '  s: { kind: score, samples: [a], metrics: [clip-score], clip: ~/clip }\n'),
      '6:64: stages.s.clip: expected a whole path'
    ]
  ])('of a spec is checked with its place', (yaml, message) => {
    expect(errors(yaml).find(line => line.startsWith(message))).toBeDefined()
  })

  it('is told of wherever it stands in a spec', () => {
    const found = errors(spec('{ command: ["a\\0b"], version: 1, shape: [1, 2, 2] }'))
    expect(found).toContain('2:20: model.command.0: expected a text without NUL characters, found "a\\u0000b"')
  })
})
