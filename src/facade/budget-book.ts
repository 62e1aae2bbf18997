import { type Budget, type Origin, origins } from '../budgets/budget.ts'
import type { BudgetRecord } from '../budgets/budget-record.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import { type BudgetInput, budgetPlace, defineBudget } from '../budgets/define-budget.ts'
import { learnedShare } from '../budgets/learned.ts'
import { type LearnedKind, learnedKind } from '../budgets/learned-key.ts'
import type { BudgetDefaults } from '../budgets/parse-budget.ts'
import type { Definition } from '../budgets/revise-budget.ts'
import { PurserError } from '../errors.ts'
import type { LedgerEvent } from '../stores/store.ts'
import { amendBudget, type BudgetAmendment } from './amend-budget.ts'
import { type AppliedFile, applyFile, fileKey, fileKind } from './apply-file.ts'
import { checkFields, checkValue, count, type FieldKinds, flag, handler, mapping, oneOf, text, texts } from './check-fields.ts'
import { checkBudgetNames, noBudget } from './known-budgets.ts'
import type { LedgerHost } from './ledger-host.ts'
import { tellUntracked } from './tracking.ts'

export interface BudgetChangeOptions {
  /** Who changes it, for the history; the name of the system's user unless said otherwise. */
  readonly author?: string
  readonly origin?: Origin
  /** ISO weekday on which a plain `week` begins, 1 = Monday; what the configuration says unless said otherwise, and else Monday. */
  readonly weekStart?: number
  /**
   * The version of the budget that was seen, `record.version` of `list`; null where there was none. If it has another one
   * by now, nothing is changed.
   */
  readonly expected?: number | null
  /** Told how many charges a new budget has counted. */
  readonly onProgress?: (charges: number) => void
}

const optionKinds: FieldKinds<BudgetChangeOptions & { readonly takeOver?: boolean }> = {
  author: text,
  origin: oneOf(origins),
  weekStart: { is: 'an ISO weekday from 1 to 7', holds: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 7 },
  expected: { is: 'the version of a budget, or null', holds: (value) => value === null || count.holds(value) },
  onProgress: handler,
  takeOver: flag,
}
const anOption = '{ author: "alice" }'
const nameOf = 'The name of a budget'

/** What putting a budget into force did, and what is to be said of it. */
export interface WarnedDefinition extends Definition {
  readonly warnings: readonly string[]
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
   * Puts a budget into force, in place of one of that name: what it leaves out is as for a new budget, whatever it was
   * before. Resolves once it has counted what was booked before. `warnings`: what was added to it, or is doubtful.
   * @throws PURSER_BAD_ARGUMENT, and PURSER_CONFLICT where it is not at the version `expected`
   * @example
   * await purser.budgets.set('daily', { limit: '5.00', window: 'day' })
   */
  async set(name: string, input: BudgetInput, options: BudgetChangeOptions = {}): Promise<WarnedDefinition> {
    checkValue(nameOf, name, text)
    checkFields<BudgetChangeOptions>('the options', options, optionKinds, anOption)
    const { budget, warnings } = defineBudget(name, input, this.#defaults(options))
    const definition = await this.put(budget, options)
    await this.#tellUntracked()
    return { ...definition, warnings }
  }

  /**
   * Changes fields of a budget that is in force, and leaves the others as they are; null takes a field away. Fields that
   * somebody else changes meanwhile stay changed, unless `expected` says which version was seen.
   * @throws PURSER_NOT_FOUND, PURSER_BAD_ARGUMENT, and PURSER_CONFLICT where it is not at the version `expected`
   * @example
   * await purser.budgets.change('daily', { limit: '6.00' })
   */
  async change(name: string, change: BudgetAmendment, options: BudgetChangeOptions = {}): Promise<WarnedDefinition> {
    checkValue(nameOf, name, text)
    checkValue(`The change of budget "${name}"`, change, { ...mapping, is: 'an object like { limit: 6 }' })
    checkFields<BudgetChangeOptions>('the options', options, optionKinds, anOption)
    for (;;) {
      const before = await this.#find(name)
      const place = budgetPlace(name)
      const { budget, warnings } = amendBudget(name, change, before.budget, { defaults: this.#defaults(options), place, nowMs: Date.now() })
      try {
        const { expected = before.version } = options
        const definition = await this.put(budget, { ...options, expected })
        await this.#tellUntracked()
        return { ...definition, warnings }
      } catch (error) {
        const isOvertaken = error instanceof PurserError && error.code === 'PURSER_CONFLICT' && options.expected === undefined
        if (!isOvertaken) throw error
      }
    }
  }

  #defaults({ origin = 'sdk', weekStart = this.#host.weekStart }: BudgetChangeOptions): BudgetDefaults {
    return { origin, zone: this.#host.store.timezone, weekStart }
  }

  /** Puts a budget into force that is checked already. @throws PURSER_CONFLICT */
  put(budget: Budget, options: BudgetChangeOptions = {}): Promise<Definition> {
    return this.#host.run(async () => {
      const { expected } = options
      const definition = await this.#host.store.gate('define', { budget, author: authorOf(options), expected })
      return { ...definition, record: await this.#seed(definition.record, options.onProgress) }
    })
  }

  /** Takes a budget out of force. @throws PURSER_NOT_FOUND, and PURSER_CONFLICT where it is not at the version `expected` */
  async remove(name: string, options: BudgetChangeOptions = {}): Promise<void> {
    checkValue(nameOf, name, text)
    checkFields<BudgetChangeOptions>('the options', options, optionKinds, anOption)
    const change = { name, author: authorOf(options), expected: options.expected }
    return this.#host.run(() => this.#host.store.gate('remove', change))
  }

  /** Where every open counter stands, of all budgets or of those named. @throws PURSER_NOT_FOUND for a name that no budget has */
  async status(names?: readonly string[]): Promise<readonly BudgetStatus[]> {
    if (names !== undefined) checkValue('The names of budgets', names, texts)
    return this.#host.run(async () => {
      await checkBudgetNames(this.#host.store, names ?? [])
      return this.#host.store.gate('status', names === undefined ? {} : { names })
    })
  }

  /**
   * What a budget has learned from earlier holds, by kind of hold, for adaptive budgets: how many there were, how many
   * cost more than was expected, and by how much in all.
   * @throws PURSER_NOT_FOUND
   */
  async learned(name: string): Promise<readonly LearnedBounds[]> {
    checkValue(nameOf, name, text)
    const { budget } = await this.#find(name)
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
    if (name !== undefined) checkValue(nameOf, name, text)
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
   * @throws PURSER_BAD_CONFIG where another file defines this ledger's budgets and `takeOver` is not given
   */
  apply(
    path: string,
    budgets: readonly Budget[],
    options: BudgetChangeOptions & { readonly takeOver?: boolean } = {},
  ): Promise<AppliedFile> {
    return this.#host.run(async () => {
      const applied = await applyFile(this.#host.store, this, path, budgets, options)
      await this.#tellUntracked()
      return applied
    })
  }

  /** With cost tracking off budgets are kept, and nothing keeps to them. */
  async #tellUntracked(): Promise<void> {
    const { isTracking, store, warn } = this.#host
    if (!isTracking) await tellUntracked(store, [], warn)
  }

  async #find(name: string): Promise<BudgetRecord> {
    const records = await this.list()
    const record = records.find(({ budget }) => budget.name === name)
    if (record !== undefined) return record
    throw noBudget(
      name,
      records.map(({ budget }) => budget.name),
    )
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

function authorOf({ author, origin = 'sdk' }: BudgetChangeOptions): string {
  return author ?? origin
}

function toChange({ seq, at, body }: LedgerEvent): BudgetChange {
  const { budget, author, before, after } = body as unknown as Omit<BudgetChange, 'seq' | 'at'>
  return { seq, at, budget, author, before, after }
}
