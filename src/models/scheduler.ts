import type { SchedulerArguments, Values } from './scheduler-arguments.js'

/** The bounds that a scheduler sets to each denoised image. */
export interface SchedulerSampling {
  /** Values are clipped to plus and minus this number. */
  readonly clip?: number
  /**
   * Values are clipped to a quantile of their sizes, at least 1 and at most `max`, and divided by it (Saharia et al.
   * 2022).
   */
  readonly threshold?: { readonly ratio: number; readonly max: number }
}

/** The network that a scheduler of diffusers describes beside it. */
export interface Scheduled {
  /** The class of a model family, and its arguments. */
  readonly className: string
  readonly initKwargs: Values
  /** The bounds that the scheduler sets to denoised images, which are no part of the network. */
  readonly sampling?: SchedulerSampling
}

/** A class of schedulers. scheduler-classes.ts lists them all. */
export interface SchedulerClass {
  /** The keys that its networks' meaning depends on, each with the class's own default. */
  readonly defaults: Values
  readonly read: (values: SchedulerArguments) => Omit<Scheduled, 'sampling'>
  /** The keys of clipping and thresholding that it has, each with its default. */
  readonly bounds?: Values
}
