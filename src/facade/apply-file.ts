import { hash } from 'node:crypto'
import type { Budget } from '../budgets/budget.ts'
import { toStoredBudget } from '../budgets/budget-record.ts'
import type { Definition } from '../budgets/revise-budget.ts'
import { PurserError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import type { BudgetBook, BudgetChangeOptions } from './budget-book.ts'

/** What taking over the budgets of a file did, by name of budget. */
export interface AppliedFile {
  readonly path: string
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: readonly string[]
}

export const fileKind = 'budget-file'
export const fileKey = 'applied'

/** Makes the budgets of a file the ledger's; see `BudgetBook.apply`. */
export async function applyFile(
  store: Store,
  book: Pick<BudgetBook, 'put' | 'list' | 'remove'>,
  path: string,
  budgets: readonly Budget[],
  options: BudgetChangeOptions & { readonly takeOver?: boolean },
): Promise<AppliedFile> {
  const digest = digestOf(budgets)
  const document = await store.document(fileKind, fileKey)
  const last = document?.body as { path: string; digest: string } | undefined
  if (last?.path === path && last.digest === digest && options.takeOver !== true) {
    return { path, created: [], changed: [], removed: [], unchanged: budgets.map(({ name }) => name) }
  }
  // A file that says nothing of budgets leaves those of another alone.
  if (budgets.length === 0 && last?.path !== path && options.takeOver !== true) {
    return { path, created: [], changed: [], removed: [], unchanged: [] }
  }
  if (last !== undefined && last.path !== path && options.takeOver !== true) throw belongsToAnother(store.location, last.path, path)
  const author = options.author ?? `file:${path}`
  const outcomes = new Map<string, Definition['outcome']>()
  for (const budget of budgets) outcomes.set(budget.name, (await book.put(budget, { ...options, author })).outcome)
  const gone = (await book.list()).filter(({ budget }) => budget.origin === 'file' && !outcomes.has(budget.name))
  for (const { budget } of gone) await removeOnce(book, budget.name, author)
  await store.transact({ documents: [{ kind: fileKind, key: fileKey, body: { path, digest } }] })
  const those = (...kinds: Definition['outcome'][]): string[] =>
    [...outcomes].flatMap(([name, outcome]) => (kinds.includes(outcome) ? [name] : []))
  return {
    path,
    created: those('created'),
    changed: those('changed', 'revised'),
    removed: gone.map(({ budget }) => budget.name),
    unchanged: those('same'),
  }
}

/** Programs that start together apply the same change; what another one has removed meanwhile is gone all the same. */
async function removeOnce(book: Pick<BudgetBook, 'remove'>, name: string, author: string): Promise<void> {
  try {
    await book.remove(name, { author })
  } catch (error) {
    if (!(error instanceof PurserError) || error.code !== 'PURSER_NOT_FOUND') throw error
  }
}

function belongsToAnother(ledger: string, owner: string, path: string): PurserError {
  return new PurserError(
    'PURSER_BAD_CONFIG',
    `The budgets of ${ledger} are defined by ${owner}; those of ${path} are not in force. \`purser budgets apply\` makes this file the one that counts.`,
  )
}

function digestOf(budgets: readonly Budget[]): string {
  const stored = budgets.map((budget) => toStoredBudget({ budget, revision: 0, definedAt: 0, countsFrom: 0, seeding: null }))
  return hash('sha256', JSON.stringify(stored))
}
