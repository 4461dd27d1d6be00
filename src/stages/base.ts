/** What every stage of a resolved experiment has, whatever its kind. A stage is plain data. */
export interface StageBase {
  readonly kind: string
  readonly name: string
}

/** Finds a stage of the experiment by its name. */
export type FindStage = (name: string) => StageBase | undefined
