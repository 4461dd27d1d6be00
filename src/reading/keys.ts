import type { XStatic } from 'typebox/schema'

/** A JSON Schema as plain data. */
export type Schema = Readonly<Record<string, unknown>>

/** Definitions of a JSON Schema by their names: what `#/$defs/NAME` refers to. */
export type Definitions = Readonly<Record<string, Schema>>

/** The JSON Schema of one key of a mapping, as it stands in a spec. */
export interface KeySchema {
  /** Full sentences: what the key says, and the unit or range of its value. */
  readonly description?: string
  /** The value where a spec does not give the key; resolved specs, and so the keys of results, hold it. */
  readonly default?: unknown
  /**
   * The value where the key is absent, also in a resolved spec. A spec that gives this value resolves as one that gives
   * none, so that results from before there was the key keep theirs.
   */
  readonly implied?: unknown
  /** Whether a spec must give the key. */
  readonly needed?: true
  /** Whether the value is a solver to start from, whose time points are those of the solver around it. */
  readonly startsFrom?: true
  /** Whether no axis of the matrix may stand in place of the value. */
  readonly fixed?: true
  readonly [keyword: string]: unknown
}

/** The schemas of the keys of a mapping. */
export type KeySchemas = Readonly<Record<string, KeySchema>>

/** The values of a mapping whose keys are described by schemas, with the values of those that are left out. */
export type ValuesOf<Keys extends KeySchemas> = {
  readonly [Key in keyof Keys as IsThere<Keys[Key]> extends true ? Key : never]: ValueOf<Keys[Key]>
} & {
  readonly [Key in keyof Keys as IsThere<Keys[Key]> extends true ? never : Key]?: ValueOf<Keys[Key]>
}

/** Whether a key has a value in every resolved mapping. */
export type IsThere<S> = S extends
  { readonly default: unknown } | { readonly implied: unknown } | { readonly needed: true }
  ? true
  : false

/** The values that a schema allows. */
export type ValueOf<S> = '~value' extends keyof S
  ? Exclude<S['~value'], undefined>
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Frozen<XStatic<S>>

/** A value whose list, if it is one, is not changed. */
export type Frozen<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value

/**
 * What the values of a schema are that does not say so itself. The property is never there: only the compiler knows of
 * it.
 */
export type Typed<Value> = { readonly '~value'?: Value }

/** A schema whose values the compiler cannot tell, with what they are. */
export function typed<Value>() {
  return <const S extends Schema>(schema: S): S & Typed<Value> => schema
}

/** A reference to a definition, whose values are of a type. */
export function ref<Value>(name: string): { readonly $ref: string } & Typed<Value> {
  return { $ref: `#/$defs/${name}` }
}

/** A schema in whose place an axis of the matrix may stand. What is said of the value is said of both. */
export function orAxis(
  { title, description, default: otherwise, examples, ...value }: KeySchema,
  outside = true
): Schema {
  const said = Object.entries({ title: outside ? title : undefined, description, default: otherwise, examples })
  return {
    ...Object.fromEntries(said.filter(([, text]) => text !== undefined)),
    anyOf: [title === undefined || outside ? value : { title, ...value }, ref('axis')]
  }
}

/** A mapping of exactly these keys, in which no axis stands. */
export function mapping<Keys extends KeySchemas>(keys: Keys): Schema & Typed<ValuesOf<Keys>> {
  return mappingOf(keys, schema => schema)
}

/**
 * A mapping of exactly these keys; an axis may stand for each value, unless it is fixed, or refers to a definition that
 * says so itself.
 */
export function mappingWithAxes<Keys extends KeySchemas>(keys: Keys): Schema & Typed<ValuesOf<Keys>> {
  return mappingOf(keys, schema =>
    schema.fixed || '$ref' in schema || 'const' in schema ? schema : orAxis(schema, false)
  )
}

/** Keywords that say more of a key than its JSON Schema does. */
const OWN_KEYWORDS: readonly string[] = ['implied', 'needed', 'fixed', 'startsFrom'] satisfies (keyof KeySchema)[]

function mappingOf(keys: KeySchemas, shown: (schema: KeySchema) => Schema): Schema {
  const needed = Object.keys(keys).filter(key => keys[key].needed)
  const withoutOwn = (schema: Schema) =>
    Object.fromEntries(Object.entries(schema).filter(([keyword]) => !OWN_KEYWORDS.includes(keyword)))
  const properties = Object.entries(keys).map(([key, schema]) => [
    key,
    schema.fixed ? withoutOwn(schema) : shown(withoutOwn(schema))
  ])
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false
  }
}

/** A choice between definitions, which the value of one key tells apart. */
export function union(tag: string, names: readonly string[]): Schema {
  return {
    type: 'object',
    discriminator: { propertyName: tag },
    required: [tag],
    oneOf: names.map(name => ref(name))
  }
}

/** The key that tells the branch of a union, with what the branch is. */
export function tagged<const Tag extends string>(tag: Tag, description: string) {
  return { description, const: tag, needed: true } as const
}
