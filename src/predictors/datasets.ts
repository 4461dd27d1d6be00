import type { ModelMark } from './record.js'

/** The models of data sets, by the names that the paper's code and DyWeight's give these. */
const MODELS: Readonly<Record<string, ModelMark | undefined>> = {
  cifar10: { shape: [3, 32, 32], labelDim: 0 },
  ffhq: { shape: [3, 64, 64], labelDim: 0 },
  afhqv2: { shape: [3, 64, 64], labelDim: 0 },
  imagenet64: { shape: [3, 64, 64], labelDim: 1000 },
  lsun_bedroom_ldm: { shape: [3, 64, 64], labelDim: 0 }
}

/** What is known of the model of a data set. */
export function modelOfDataset(dataset: unknown): ModelMark {
  return typeof dataset === 'string' ? { dataset, ...MODELS[dataset] } : {}
}
