import type { Budget } from '../budgets/budget.ts'
import { hardBudgetNames } from '../budgets/hard-budgets.ts'
import { PurserError } from '../errors.ts'
import { isPostgresUrl } from '../ledger/ledger-place.ts'
import type { Store } from '../stores/store.ts'
import { parseYesNo } from '../text/yes-no.ts'
import type { LedgerOptions } from './open-options.ts'
import { openStore } from './open-store.ts'

const variable = 'COST_TRACKING_ENABLED'

/** Whether calls are booked and held, as the environment says. @throws PURSER_BAD_CONFIG */
export function isTrackingOn(env: Readonly<Record<string, string | undefined>>): boolean {
  const word = env[variable]?.trim() ?? ''
  const isOn = word === '' ? true : parseYesNo(word)
  if (isOn === undefined) throw new PurserError('PURSER_BAD_CONFIG', `${variable} is "${word}"; it must be true or false.`)
  return isOn
}

/**
 * With tracking off a ledger is opened as ever, because its settings may be changed: only calls, holds and runs are not
 * written. One that cannot be written is looked at; where there is none, or it cannot be opened, an empty one stands for it.
 */
export async function openUntracked(options: LedgerOptions): Promise<Store> {
  const ways: readonly LedgerOptions[] = [
    { ...options, create: false },
    { ...options, create: false, readOnly: true },
  ]
  for (const way of ways) {
    try {
      return await openStore(way)
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      // A database that does not answer is not waited for a second time.
      const isAway = error.code === 'PURSER_LEDGER_UNAVAILABLE' && isPostgresUrl(options.db)
      if (error.code === 'PURSER_NOT_FOUND' || isAway) break
    }
  }
  return openStore({ ...options, db: ':memory:' })
}

// Said once in a process, also with two copies of the package and many ledgers.
const toldKey = Symbol.for('purser.untracked')
const told = globalThis as { [toldKey]?: boolean }

function isTold(): boolean {
  return told[toldKey] === true
}

/** Says once that nothing keeps to the budgets of a ledger, and to others that are given, that would refuse calls. */
export async function tellUntracked(store: Store, others: readonly Budget[], warn: (message: string) => void): Promise<void> {
  if (isTold()) return
  const known = (await store.gate('budgets', {})).map(({ budget }) => budget)
  const hard = hardBudgetNames([...others, ...known])
  // Others may have said it while the budgets were read.
  if (hard.length === 0 || isTold()) return
  told[toldKey] = true
  warn(
    `Cost tracking is off (${variable} or \`tracking\`), so nothing is booked or held, and nothing keeps to the budgets ${hard.join(', ')}.`,
  )
}
