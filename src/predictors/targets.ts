/** Where a table can be taken: its files stand in python/export, named as `template` says. */
export interface Target {
  /** What `--to` calls it. */
  readonly name: string
  /** The Python file and the page of the README, without their extensions. */
  readonly template: string
  /** Whether its users import the folder by its name. ComfyUI loads it by its place. */
  readonly isImported: boolean
  /** Whether its models may be evaluated at infinite noise: t = 1 of a flow, where the image is noise alone. */
  readonly atInfiniteNoise: boolean
}

/** What runs an exported table. */
export const TARGETS: readonly Target[] = [
  { name: 'numpy', template: 'numpy_sampler', isImported: true, atInfiniteNoise: false },
  { name: 'k-diffusion', template: 'k_diffusion_sampler', isImported: true, atInfiniteNoise: false },
  { name: 'diffusers', template: 'diffusers_scheduler', isImported: true, atInfiniteNoise: true },
  { name: 'comfyui', template: 'comfyui_node', isImported: false, atInfiniteNoise: true }
]
