import type { Budget } from '../budgets/budget.ts'
import { hardBudgetNames } from '../budgets/hard-budgets.ts'
import type { Purser } from '../purser.ts'
import { note, warn, writeJson } from './output.ts'
import type { Session } from './session.ts'

/**
 * Whether calls are tracked. Where they are not, budgets that would refuse calls are named, because they limit nothing
 * now.
 */
export async function isTracking(session: Session): Promise<boolean> {
  if (session.config.trackingEnabled) return true
  const hard = await hardBudgets(session)
  if (hard.length > 0) {
    warn(`COST_TRACKING_ENABLED is false, so nothing is booked or held, and nothing keeps to the budgets ${hard.join(', ')}.`)
  }
  return false
}

/** Answers a command that does nothing, because calls are not tracked. `undone`: what was therefore not done. */
export async function answerUntracked({ json }: Session, undone: string): Promise<void> {
  note(`Cost tracking is off, so ${undone}.`)
  if (json) await writeJson({ tracking: false })
}

/** The budgets that refuse calls, in the ledger and in the configuration. */
async function hardBudgets(session: Session): Promise<string[]> {
  const { budgets: configured } = await session.config.budgets()
  const known = session.hasLedger() ? await inForce(await session.open({ create: false, prices: false })) : []
  return hardBudgetNames([...configured, ...known])
}

async function inForce(purser: Purser): Promise<Budget[]> {
  return (await purser.budgets.list()).map(({ budget }) => budget)
}
