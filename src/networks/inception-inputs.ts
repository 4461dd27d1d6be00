/**
 * The preparation of images for Inception-v3. `tensorflow`: TensorFlow 1's bilinear resizing, then (x - 128) / 128, as
 * the paper, EDM and torch-fidelity measure FID; `pytorch`: PyTorch's, then 2 x / 255 - 1, as pytorch-fid; `clean`:
 * Pillow's bicubic resizing, which blurs what becomes smaller, clipped to 0 to 255 and not rounded, then
 * (x - 128) / 128, as clean-fid (Parmar et al. 2022, arXiv 2104.11222).
 */
export type InceptionInput = 'tensorflow' | 'pytorch' | 'clean'
