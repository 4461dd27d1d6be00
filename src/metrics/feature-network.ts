import type { Shape } from '../models/denoiser.js'
import type { InceptionInput } from '../networks/inception-inputs.js'
import type { KeySchemas } from '../reading/keys.js'
import type { Looker, LookingOptions } from './runner.js'

/** A network whose features are compared, as a resolved spec names it. */
export interface FeatureSpec {
  /** Its name in the registry; default: inception-v3. */
  readonly network?: string
  /** Inception's weights: an absolute path, or an address. */
  readonly weights?: string
  /** How images become Inception's input. */
  readonly preparation?: InceptionInput
}

/** A network that looks at images, running. */
export interface FeatureLooker {
  /** SHA-256 over graph and weights. */
  readonly digest: string
  /** images: [count, height, width, 1 or 3], 0 to 255; answers [count, features of an image]. */
  features(images: Uint8Array, count: number): Promise<Float32Array>
  /**
   * Features of samples, [count, 1 or 3, height, width], as images before they are rounded and clipped to what images
   * hold: they follow every small change.
   */
  smoothFeatures(samples: Float64Array, count: number): Promise<Float32Array>
  /** Ends what runs the network. */
  close(): Promise<void>
}

/** What a network of features is opened with. */
export interface OpenFeaturesOptions extends LookingOptions {
  /** The height and width of the images, in pixels. */
  readonly size: readonly [height: number, width: number]
  /** Where a file is that the spec names by a path or an address. */
  readonly assetPath: (location: string) => string
}

/**
 * All that the program knows of a network whose features are compared. A network is one file that exports one of these,
 * and its line in feature-networks.ts. The file imports what is slow to load where it is used, since `--help` loads it
 * too.
 */
export interface FeatureNetwork {
  /** The name under `network` in specs. */
  readonly name: string
  /** The name in sentences. */
  readonly title: string
  /** One sentence: what it is. */
  readonly description: string
  /** The keys of a spec's `features` beside `network`. */
  readonly keys: KeySchemas
  /** The fewest keys that name it, as messages write them. */
  readonly words: string
  readonly looker: Looker
  /** Features of an image. */
  readonly dimensions: number
  /** What names it in the keys of stages, beside the weights that a spec gives, where it runs, and its name. */
  readonly identity: (spec: FeatureSpec) => Readonly<Record<string, unknown>>
  /** What a score notes of it, beside its name. */
  readonly details: (spec: FeatureSpec, assetDigest: (location: string) => string) => object
  /**
   * How images become its input, as the end of a sentence that begins with its features; empty where there is one way.
   */
  readonly prepared: (spec: FeatureSpec) => string
  /**
   * Why it cannot look at a model's images of a shape, as the words behind its name; undefined where it can look at
   * them.
   */
  readonly mismatch: (shape: Shape) => string | undefined
  /** @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed` */
  readonly open: (spec: FeatureSpec, options: OpenFeaturesOptions) => Promise<FeatureLooker>
}
