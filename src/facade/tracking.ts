import type { Budget } from '../budgets/budget.ts'
import { PurserError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import { parseYesNo } from '../text/yes-no.ts'
import type { PurserOptions } from './open-options.ts'
import { openStore } from './open-store.ts'

const variable = 'COST_TRACKING_ENABLED'

/** Whether calls are booked and held, as the environment says. @throws PURSER_BAD_CONFIG */
export function isTrackingOn(env: Readonly<Record<string, string | undefined>>): boolean {
  const word = env[variable]?.trim() ?? ''
  const isOn = word === '' ? true : parseYesNo(word)
  if (isOn === undefined) throw new PurserError('PURSER_BAD_CONFIG', `${variable} is "${word}"; it must be true or false.`)
  return isOn
}

/** With tracking off a ledger is only looked at; where there is none, or it cannot be opened, an empty one stands for it. */
export async function openUntracked(options: PurserOptions): Promise<Store> {
  try {
    return await openStore({ ...options, create: false, readOnly: true })
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    return openStore({ ...options, db: ':memory:' })
  }
}

// Said once in a process, also with two copies of the package and many ledgers.
const toldKey = Symbol.for('purser.untracked')
const told = globalThis as { [toldKey]?: boolean }

/** Says once that nothing keeps to the budgets of a ledger that would refuse calls. */
export async function tellUntracked(store: Store, warn: (message: string) => void): Promise<void> {
  if (told[toldKey] === true) return
  const hard = (await store.gate('budgets', {})).filter(({ budget }) => isHard(budget)).map(({ budget }) => budget.name)
  if (hard.length === 0) return
  told[toldKey] = true
  warn(
    `Cost tracking is off (${variable} or \`tracking\`), so nothing is booked or held, and nothing keeps to the budgets ${hard.join(', ')}.`,
  )
}

/** For everybody, or for some only. */
function isHard({ mode, overrides }: Budget): boolean {
  return mode !== 'soft' || overrides.some((override) => (override.mode ?? mode) !== 'soft')
}
