import { type InputPath, pathText } from '../../budgets/input-place.ts'
import type { Filter } from '../../ledger/cost-query.ts'
import type { ConfigFile } from '../config-file.ts'

/** Where something is written: a place in a file, unless the environment says it, and its name there. */
export interface Written {
  readonly place: string | undefined
  readonly name: string
}

/** A budget in its own form, which may come from a shorthand, and where each of its fields is written. */
export interface BudgetDraft {
  readonly name: string
  readonly input: unknown
  readonly written: (path: InputPath) => Written
  /** Filters on values that the text of a filter could not hold. */
  readonly where?: readonly Filter[]
  readonly warnings?: readonly string[]
}

export interface Drafts {
  readonly drafts: readonly BudgetDraft[]
  readonly warnings: readonly string[]
}

/** A path of keys in a purser.yaml. */
export function writtenIn(file: ConfigFile, path: InputPath): Written {
  return { place: file.placeOf(path), name: pathText(path) }
}
