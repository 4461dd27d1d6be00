import type { ErrorObject, Options } from 'ajv/dist/2020.js'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Schema } from './keys.js'
import { child, isMapping } from './plain.js'

/** Compares a value with a part of a schema, and fills in the defaults of what the value leaves out. */
export interface Validator {
  (value: unknown): boolean
  /** What was wrong with the last value, as ajv says it. */
  readonly errors?: readonly ErrorObject[] | null
}

/** Gives the validator of a part of a schema: of `#/$defs/NAME`, or of the whole schema by the empty text. */
export type Validators = (part: string) => Validator

/** The options of ajv that say what a validator finds, and how it says it. */
export const VALIDATING = {
  ...{ discriminator: true, allowUnionTypes: true, strictRequired: false, strictTypes: false },
  ...{ allErrors: true, useDefaults: true, verbose: true, messages: false }
}

const require = createRequire(import.meta.url)

/**
 * The validators of a schema that has an `$id`. A schema of the project's own (`isOwn`) is known to be a JSON Schema,
 * and the build has made code of it, which is used where it was made of this very schema. What there is no such code
 * of, ajv compiles when it is first asked for, which takes some tenths of a second.
 * @throws Error where a schema that is not the project's own is no JSON Schema
 */
export function validatorsOf(schema: Schema, { isOwn = false } = {}): Validators {
  const ready = isOwn ? readyCode(schema) : undefined
  let ajv = isOwn ? undefined : compilerOf(schema, { validateSchema: true })
  const compiled = (part: string): Validator => {
    ajv ??= compilerOf(schema, { validateSchema: false })
    return ajv.compile({ $ref: referenceOf(schema, part) })
  }
  const known = new Map<string, Validator>()
  return part => {
    const found = known.get(part) ?? ready?.(part) ?? compiled(part)
    known.set(part, found)
    return found
  }
}

/** ajv with a schema, of whose parts it makes validators. */
interface Compiler {
  compile(part: Schema): Validator
}

/** ajv is loaded here, since the code that the build makes does without it. */
function compilerOf(schema: Schema, options: Options): Compiler {
  const ajv: unknown = require('ajv/dist/2020.js')
  if (!isAjv(ajv)) throw new TypeError('ajv/dist/2020.js does not export what it is loaded for')
  // A value is compared once, so that shorter code is not worth its making.
  return new ajv.Ajv2020({ ...VALIDATING, ...options, code: { optimize: false } }).addSchema(withoutStandIns(schema))
}

interface Ajv {
  addSchema(schema: Schema): Compiler
}

function isAjv(module: unknown): module is { readonly Ajv2020: new (options: Options) => Ajv } {
  return typeof module === 'function' && 'Ajv2020' in module
}

/** How a part of a schema is referred to from outside of it. */
export function referenceOf(schema: Schema, part: string): string {
  return `${String(schema.$id)}${part}`
}

/** The parts of a schema: all of it, and each of its definitions. */
export function partsOf({ $defs }: Schema): string[] {
  return ['', ...Object.keys(isMapping($defs) ? $defs : {}).map(name => `#/$defs/${name}`)]
}

/** The file, from the folder of this module, that holds what the build has made of a schema. */
export function readyFile({ $id }: Schema): string {
  return `./ready-${String($id).replaceAll(/[^a-z]+/g, '-')}.cjs`
}

/** Tells the code of one schema from that of any other, also of an earlier one with the same name. */
export function readyMark(schema: Schema): string {
  return createHash('sha256')
    .update(JSON.stringify([VALIDATING, schema]))
    .digest('hex')
}

function readyCode(schema: Schema): ((part: string) => Validator | undefined) | undefined {
  const file = readyFile(schema)
  if (!existsSync(fileURLToPath(new URL(file, import.meta.url)))) return undefined
  const module: unknown = require(file)
  if (child(module, 'mark') !== readyMark(schema)) return undefined
  return part => {
    const found = child(child(module, 'validators'), part)
    return isValidator(found) ? found : undefined
  }
}

function isValidator(value: unknown): value is Validator {
  return typeof value === 'function'
}

/** What editors allow in the place of a value, and is replaced by that before a spec is compared with the schema. */
const STAND_INS = new Set<unknown>(['#/$defs/axis', '#/$defs/pinnedLocation'])

/** A schema for a spec in which all is replaced that stands for something else. */
export function withoutStandIns(schema: Schema): Schema {
  const found = replaced(schema)
  if (isMapping(found)) return found
  throw new TypeError('a JSON Schema is a mapping')
}

function replaced(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(replaced)
  if (!isMapping(schema)) return schema
  const { anyOf, ...rest } = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, replaced(part)]))
  const value = child(anyOf, 0)
  if (STAND_INS.has(child(child(anyOf, 1), '$ref')) && isMapping(value)) return { ...value, ...rest }
  return anyOf === undefined ? rest : { ...rest, anyOf }
}
