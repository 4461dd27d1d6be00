import { deis } from './deis.js'
import { dpmpp } from './dpmpp.js'
import { euler } from './euler.js'
import { ipndm } from './ipndm.js'
import { unipc } from './unipc.js'

/**
 * The solvers that are multistep methods, which others can be plugged into. A new one is a file of its own and a line
 * here.
 */
export const METHODS = [euler, ipndm, dpmpp, unipc, deis] as const

/** A multistep method that another solver is plugged into. */
export type BaseName = (typeof METHODS)[number]['name']

export const BASE_NAMES = METHODS.map(({ name }) => name)

/** The base that leads along the gradient itself, with which a plug-in is the solver that its own paper has. */
export const SIMPLEST_BASE = euler.name
