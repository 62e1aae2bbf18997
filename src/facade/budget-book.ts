import { hash } from 'node:crypto'
import type { Budget, Origin } from '../budgets/budget.ts'
import { type BudgetRecord, toStoredBudget } from '../budgets/budget-record.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import { type BudgetInput, defineBudget } from '../budgets/define-budget.ts'
import { learnedShare } from '../budgets/learned.ts'
import { type LearnedKind, learnedKind } from '../budgets/learned-key.ts'
import type { Definition } from '../budgets/revise-budget.ts'
import { PurserError } from '../errors.ts'
import type { LedgerEvent } from '../stores/store.ts'
import type { LedgerHost } from './ledger-host.ts'

export interface BudgetChangeOptions {
  /** Who changes it, for the history; the name of the system's user unless said otherwise. */
  readonly author?: string
  readonly origin?: Origin
  /** ISO weekday on which a plain `week` begins, 1 = Monday, which it is unless said otherwise. */
  readonly weekStart?: number
  /** Told how many charges a new budget has counted. */
  readonly onProgress?: (charges: number) => void
}

/** What taking over the budgets of a file did, by name of budget. */
export interface Applied {
  readonly path: string
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: readonly string[]
}

/** One change of a budget: who made it, when, and what was before and after; null for a budget that was not there. */
export interface BudgetChange {
  readonly seq: number
  readonly at: number
  readonly budget: string
  readonly author: string
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** What a budget has learned from one kind of hold. */
export interface LearnedBounds extends LearnedKind {
  /** Settled holds. */
  readonly holds: number
  /** Of those, how many cost more than was expected, and by how much in all, in the metric's unit. */
  readonly overshot: number
  readonly overshoot: bigint
  /** The share of the worst case that is expected now; null while there are too few holds to tell. */
  readonly expects: number | null
}

const fileKind = 'budget-file'
const fileKey = 'applied'

/** The budgets of a ledger. */
export class BudgetBook {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  /** Budgets in force, in the order in which they were made. */
  list(): Promise<readonly BudgetRecord[]> {
    return this.#host.run(() => this.#host.store.gate('budgets', {}))
  }

  /**
   * Puts a budget into force, or changes it; resolves once it has counted what was booked before. What it leaves out is as
   * for a new budget. `warnings`: what was added to it, or is doubtful.
   * @throws PURSER_BAD_ARGUMENT
   * @example
   * await purser.budgets.set('daily', { limit: '5.00', window: 'day' })
   */
  async set(
    name: string,
    input: BudgetInput,
    options: BudgetChangeOptions = {},
  ): Promise<Definition & { readonly warnings: readonly string[] }> {
    const { origin = 'sdk', weekStart = 1 } = options
    const { budget, warnings } = defineBudget(name, input, { origin, zone: this.#host.store.timezone, weekStart })
    return { ...(await this.put(budget, options)), warnings }
  }

  /** The same for a budget that is checked already. */
  put(budget: Budget, options: BudgetChangeOptions = {}): Promise<Definition> {
    return this.#host.run(async () => {
      const definition = await this.#host.store.gate('define', { budget, author: authorOf(options) })
      return { ...definition, record: await this.#seed(definition.record, options.onProgress) }
    })
  }

  /** @throws PURSER_NOT_FOUND */
  remove(name: string, options: BudgetChangeOptions = {}): Promise<void> {
    return this.#host.run(() => this.#host.store.gate('remove', { name, author: authorOf(options) }))
  }

  /** Where every open counter stands, of all budgets or of those named. */
  status(names?: readonly string[]): Promise<readonly BudgetStatus[]> {
    return this.#host.run(() => this.#host.store.gate('status', names === undefined ? {} : { names }))
  }

  /**
   * What a budget has learned from earlier holds, by kind of hold, for adaptive budgets: how many there were, how many
   * cost more than was expected, and by how much in all.
   * @throws PURSER_NOT_FOUND
   */
  async learned(name: string): Promise<readonly LearnedBounds[]> {
    const record = (await this.list()).find(({ budget }) => budget.name === name)
    if (record === undefined) throw new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}".`)
    const { budget } = record
    if (![budget, ...budget.overrides].some(({ mode }) => mode === 'adaptive')) return []
    return [...(await this.#host.store.learned())].flatMap(([key, learned]) => {
      const kind = learnedKind(budget, key)
      if (kind === undefined) return []
      const share = learnedShare(learned, budget.quantile)
      return [
        {
          ...kind,
          holds: learned.holds,
          overshot: learned.overshot,
          overshoot: learned.overshoot,
          expects: share === null ? null : share / 20,
        },
      ]
    })
  }

  /** Changes of a budget, or of all, the first first. */
  async history(name?: string): Promise<readonly BudgetChange[]> {
    const changes: BudgetChange[] = []
    for (let after = 0; ;) {
      const page = await this.#host.store.events(after, eventsPerPage)
      changes.push(
        ...page.filter(({ kind, body }) => kind === 'budget.changed' && (name === undefined || body['budget'] === name)).map(toChange),
      )
      if (page.length < eventsPerPage) return changes
      after = page.at(-1)?.seq ?? after
    }
  }

  /** Counts what a budget still has to count, as after a process that ended while it did. */
  async seedAll(onProgress?: (charges: number) => void): Promise<void> {
    for (const record of await this.list()) await this.#seed(record, onProgress)
  }

  /** The file whose budgets are the ledger's; undefined where none was applied. */
  async source(): Promise<string | undefined> {
    const document = await this.#host.run(() => this.#host.store.document(fileKind, fileKey))
    return (document?.body as { path: string } | undefined)?.path
  }

  /**
   * Makes the budgets of a file the ledger's: new and changed ones are put into force, those that the file no longer has
   * are removed; budgets made otherwise stay. Nothing is done where the file says what it said last.
   * @throws PURSER_BAD_ARGUMENT where another file defines this ledger's budgets and `takeOver` is not given
   */
  apply(path: string, budgets: readonly Budget[], options: BudgetChangeOptions & { readonly takeOver?: boolean } = {}): Promise<Applied> {
    return this.#host.run(() => this.#apply(path, budgets, options))
  }

  async #apply(path: string, budgets: readonly Budget[], options: BudgetChangeOptions & { readonly takeOver?: boolean }): Promise<Applied> {
    const { store } = this.#host
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
    for (const budget of budgets) outcomes.set(budget.name, (await this.put(budget, { ...options, author })).outcome)
    const gone = (await this.list()).filter(({ budget }) => budget.origin === 'file' && !outcomes.has(budget.name))
    for (const { budget } of gone) await this.remove(budget.name, { author })
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

  async #seed(record: BudgetRecord, onProgress?: (charges: number) => void): Promise<BudgetRecord> {
    let current = record
    while (current.seeding !== null) {
      current = await this.#host.store.gate('seed', { name: record.budget.name })
      onProgress?.(current.seeding?.charges ?? 0)
    }
    return current
  }
}

const eventsPerPage = 1000

function belongsToAnother(ledger: string, owner: string, path: string): PurserError {
  return new PurserError(
    'PURSER_BAD_CONFIG',
    `The budgets of ${ledger} are defined by ${owner}; those of ${path} are not in force. \`purser budgets apply\` makes this file the one that counts.`,
  )
}

function authorOf({ author, origin = 'sdk' }: BudgetChangeOptions): string {
  return author ?? origin
}

function digestOf(budgets: readonly Budget[]): string {
  const stored = budgets.map((budget) => toStoredBudget({ budget, revision: 0, definedAt: 0, countsFrom: 0, seeding: null }))
  return hash('sha256', JSON.stringify(stored))
}

function toChange({ seq, at, body }: LedgerEvent): BudgetChange {
  const { budget, author, before, after } = body as unknown as Omit<BudgetChange, 'seq' | 'at'>
  return { seq, at, budget, author, before, after }
}
