import type { PathStep } from './bindings.ts'
import type { Located, Project } from './project.ts'
import type { FunctionNode, SyntaxNode, SyntaxTree } from './syntax-tree.ts'

/** Where a text that is no constant comes from, and the places it went by on its way. */
export interface Trail {
  what: string
  from: string
  steps: string[]
}

/** What is known of the texts that an expression may be. */
export interface Reading {
  trails: Trail[]
  /** Constant pieces. */
  pieces: string[]
  /** Whether it is known to be no text at all: a function, or an object without text. */
  isOther: boolean
}

/** The arguments that a function was called with, each with how it is to be read. */
export type Arguments = readonly { node: SyntaxNode; tree: SyntaxTree; bound: Bound }[]

/** What parameters hold, where the call is known. */
export type Bound = ReadonlyMap<FunctionNode, Arguments>

/** One question to the reader. */
export interface Question extends Located {
  path: readonly PathStep[]
  bound: Bound
  depth: number
}

/** Reads expressions back to where their text comes from. */
export interface OriginReader {
  project: Project
  read(question: Question): Reading
  union(readings: readonly Reading[]): Reading
  unknown(question: Located, what: string): Reading
  through(reading: Reading, step: string): Reading
  isConstant(tree: SyntaxTree, node: SyntaxNode): boolean
}

/** What is surely no way in: a constant, or what is made from numbers. */
export const constant = (pieces: string[] = []): Reading => ({ trails: [], pieces, isOther: false })
/** Where a statement's text is in an object, by the clients that take one. */
export const textProperties: readonly PathStep[] = [
  'text',
  'sql',
  'query',
  'statement',
  'SqlCommandText',
  'QueryString',
].map((property) => ({ property }))

/** Where nothing is known of any call. */
export const noBound: Bound = new Map()

/** A source text short enough for a sentence. */
export const shorten = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 77)}…` : line
}

/** A path as it would be written, e.g. `.query.sort`. */
export const spell = (path: readonly PathStep[]): string =>
  path
    .map((step) => ('property' in step ? `.${step.property}` : 'element' in step ? `[${step.element}]` : '[…]'))
    .join('')
