import type { Arguments } from './arguments.js'
import { ACTIVATION_NAMES, type Activation } from './layers.js'

/**
 * Readers of the arguments that networks of diffusers share. Each throws EpdError `model-invalid` that names the
 * argument.
 */

/** The channels of each level, block_out_channels. */
export function levelChannels(read: Arguments): readonly number[] {
  const channels = read.counts('block_out_channels')
  if (channels.length === 0 || channels.includes(0)) throw read.unsupported('block_out_channels', channels)
  return channels
}

/** An argument that has one value for each level, or one for all of them. `lists`: whether it may be a list. */
export function perLevel<Item>(
  read: Arguments,
  name: string,
  count: number,
  is: (value: unknown) => value is Item,
  expected: string,
  lists = true
): readonly Item[] {
  const value = read.value(name)
  const each: readonly unknown[] = lists && Array.isArray(value) ? value : Array.from({ length: count }, () => value)
  if (each.length === count && each.every(is)) return each
  throw read.wrong(name, lists ? `${expected}, or a list of ${count}` : expected)
}

/** The groups of a normalisation, which must divide the channels. */
export function groupsOf(read: Arguments, name: string, channels: readonly number[]): number {
  const groups = read.count(name)
  const odd = channels.find(each => groups === 0 || each % groups !== 0)
  if (odd !== undefined) throw read.unsupported(name, groups, `which does not divide ${odd} channels`)
  return groups
}

/** An activation function by its name, in capitals or not. */
export function activation(read: Arguments, name: string): Activation {
  const given = read.value(name)
  const found = ACTIVATION_NAMES.find(known => typeof given === 'string' && known === given.toLowerCase())
  if (found === undefined)
    throw read.unsupported(name, given, `which is not supported; known are ${ACTIVATION_NAMES.join(', ')}`)
  return found
}

export function optionalActivation(read: Arguments, name: string): Activation | undefined {
  return read.value(name) === null ? undefined : activation(read, name)
}

export function optionalCount(read: Arguments, name: string): number | undefined {
  const value = read.value(name)
  return value === null || value === undefined ? undefined : read.count(name)
}

/** The side of a convolution's kernel, which must be odd. */
export function kernel(read: Arguments, name: string): number {
  const side = read.count(name)
  if (side % 2 === 0) throw read.unsupported(name, side)
  return side
}

export function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean'
}
