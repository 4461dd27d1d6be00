/** PyTorch's random numbers from one seed, as one of its devices draws them. */
export interface TorchGenerator {
  /** torch.randn(count) in float32 */
  randn(count: number): Float32Array
  /** torch.randint(high, ()): 0 to high - 1; high below 2^32 */
  randint(high: number): number
}
