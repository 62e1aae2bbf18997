import type { Labels } from '../ledger/charge.ts'
import { type Filter, passes } from '../ledger/cost-query.ts'
import type { LedgerServer } from '../stores/remote/ledger-server.ts'

/** The budgets of a server that refuse calls, as whoever asks may know them. */
interface HardBudgets {
  /** Whether there are some of which only that is told. */
  readonly isAnyHidden: boolean
  /** The filters of each of the others. */
  readonly where: readonly (readonly Filter[])[]
}

const askEveryMs = 15_000

/**
 * Tells whether no hard budget applies to calls with some labels, as far as the server said last. It is asked now, and every
 * 15 seconds until the ledger is closed.
 */
export async function hardBudgetsOf(server: LedgerServer, closed: Promise<void>): Promise<(labels: Labels) => boolean> {
  const ask = async (): Promise<HardBudgets> => (await server.ask('hard-budgets', {}, { writes: false })).answer as HardBudgets
  let hard = await ask()
  const askAgain = (): void =>
    void ask().then(
      (answer) => (hard = answer),
      // A server that is away says nothing new.
      () => undefined,
    )
  const timer = setInterval(askAgain, askEveryMs).unref()
  void closed.then(() => clearInterval(timer))
  return (labels) => !hard.isAnyHidden && !hard.where.some((filters) => filters.every((each) => passes(each, labels[each.field] ?? null)))
}
