import { AsyncLocalStorage } from 'node:async_hooks'
import { resolve } from 'node:path'
import type { Denial } from '../../budgets/denial.ts'
import { isPostgresUrl } from '../../ledger/ledger-place.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'

/** The run that code belongs to, as its calls need it. */
export interface RunScope {
  /** Of the ledger that the run is of; calls of another ledger do not belong to it. */
  readonly location: string
  readonly run: string
  /** The hold of the run's or the stage's own cap, that calls are parts of; undefined where it has none. */
  readonly cap: () => string | undefined
  /** Aborts when the run is terminated, or is taken over by another process. */
  readonly signal: AbortSignal
  /**
   * A call of the run was refused. True where it is to be asked again, because the run's cap was raised meanwhile.
   */
  readonly denied: (denial: Denial) => Promise<boolean>
  /** The cap ran out because nobody could keep it alive. Holds it anew; a refusal where budgets have no room for it any more. */
  readonly renew: () => Promise<Denial | undefined>
  /** The profile that the run began with, and since when; null where it goes by the one in force. */
  readonly profile: string | null
  readonly profileSince: number | null
  /** Told what each call and record within it came to, once it is booked. */
  readonly booked: (draft: Pick<ChargeDraft, 'costNanos' | 'usage'>) => void
}

// Two copies of the package in one process share the context, as they do labels.
const scopeKey = Symbol.for('purser.run')
const holder = globalThis as { [scopeKey]?: AsyncLocalStorage<RunScope> }
const scopes = (holder[scopeKey] ??= new AsyncLocalStorage())

export function withinRun<T>(scope: RunScope, fn: () => T): T {
  return scopes.run(scope, fn)
}

/** The run that the code that runs now belongs to, where that is a run of this ledger. */
export function currentRun(location: string): RunScope | undefined {
  const scope = scopes.getStore()
  return scope !== undefined && samePlace(scope.location, location) ? scope : undefined
}

/** A file may be named from where the program runs, or in full. */
function samePlace(a: string, b: string): boolean {
  return a === b || (!isPostgresUrl(a) && !isPostgresUrl(b) && resolve(a) === resolve(b))
}
