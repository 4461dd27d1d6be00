/** Where a table can be taken: its files stand in python/export, named as `template` says. */
export interface Target {
  /** What `--to` calls it. */
  readonly name: string
  /** The Python file and the page of the README, without their extensions. */
  readonly template: string
}

/** What runs an exported table. */
export const TARGETS: readonly Target[] = [
  { name: 'numpy', template: 'numpy_sampler' },
  { name: 'k-diffusion', template: 'k_diffusion_sampler' },
  { name: 'diffusers', template: 'diffusers_scheduler' },
  { name: 'comfyui', template: 'comfyui_node' }
]
