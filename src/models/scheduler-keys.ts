/**
 * Keys of diffusers' schedulers, of all classes and versions from 0.2 to 0.40, by what they mean to a network that was
 * trained. A configuration that was made of another class's keeps that class's keys, and diffusers ignores them.
 */

/** The keys that diffusers writes about the file itself. */
export const PRIVATE_KEYS: ReadonlySet<string> = new Set([
  '_class_name',
  '_diffusers_version',
  '_name_or_path',
  '_commit_hash'
])

/**
 * The keys that say how a scheduler samples: at which times, by which method, with which noise. The network is the same
 * with any value.
 */
export const SAMPLING_KEYS: ReadonlySet<string> = new Set([
  ...['timestep_spacing', 'steps_offset', 'set_alpha_to_one', 'set_alpha_to_zero', 'skip_prk_steps', 'timestep_values'],
  ...['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas', 'use_lu_lambdas', 'interpolation_type', 'rho'],
  ...['sigma_schedule', 'final_sigmas_type', 'euler_at_final', 'lower_order_final', 'lambda_min_clipped'],
  ...['base_shift', 'max_shift', 'base_image_seq_len', 'max_image_seq_len', 'shift_terminal', 'time_shift_type'],
  ...['algorithm_type', 'solver_type', 'solver_order', 'solver_p', 'predictor_order', 'corrector_order', 'predict_x0'],
  ...['disable_corrector', 'tau_func', 'eta', 'variance_type', 'stochastic_sampling', 'noise_sampler_seed'],
  ...['s_noise', 's_churn', 's_min', 's_max', 'snr', 'correct_steps', 'original_inference_steps', 'timestep_scaling'],
  ...['clip_sample', 'clip_sample_range', 'clip_denoised'],
  ...['thresholding', 'dynamic_thresholding_ratio', 'sample_max_value'],
  ...['upscale_mode', 'tensor_format', 'dtype']
])

/**
 * Keys that some classes read and others do not, each with the values that change nothing where it is not read. `any`:
 * the class alone decides whether the key has a meaning.
 */
export const UNREAD_KEYS: ReadonlyMap<string, 'any' | readonly unknown[]> = new Map<string, 'any' | readonly unknown[]>(
  [
    ['prediction_type', ['epsilon']],
    ['rescale_betas_zero_snr', [false]],
    ['timestep_type', ['discrete']],
    ['use_flow_sigmas', [false]],
    ['invert_sigmas', [false]],
    ['snr_shift_scale', [1]],
    ['trained_betas', []],
    ['scale_factors', []],
    ['num_train_timesteps', 'any'],
    ['beta_schedule', 'any'],
    ['beta_start', 'any'],
    ['beta_end', 'any'],
    ['beta_min', 'any'],
    ['beta_max', 'any'],
    ['sigma_min', 'any'],
    ['sigma_max', 'any'],
    ['sigma_data', 'any'],
    ['sampling_eps', 'any'],
    ['shift', 'any'],
    ['flow_shift', 'any'],
    ['use_dynamic_shifting', 'any']
  ]
)
