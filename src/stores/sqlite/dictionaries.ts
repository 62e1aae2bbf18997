import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { invariant } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { splitLabels } from '../../ledger/labels.ts'
import { type Pricing, pricingKey, toPricing } from '../../ledger/pack-charge.ts'
import { type Sku, skuFields, skuKey } from '../../ledger/sku.ts'
import { Dictionary } from './dictionary.ts'

export interface Subject {
  readonly kind: string
  readonly value: string
}

interface SubjectState {
  readonly id: number
  firstDay: number
  lastDay: number
}

/** The numbers under which a ledger file keeps what charges have in common. */
export class Dictionaries {
  readonly #series: Dictionary
  readonly #skus: Dictionary
  readonly #pricings: Dictionary
  readonly #parsedSkus = new Map<number, Sku>()
  readonly #parsedSeries = new Map<number, Labels>()
  readonly #parsedPricings = new Map<number, Pricing>()
  readonly #pricingIds = new Map<string, number>()
  readonly #subjectKinds: ReadonlySet<string>
  readonly #subjects = new Map<string, SubjectState>()
  readonly #subjectById: StatementSync
  readonly #findSubject: StatementSync
  readonly #insertSubject: StatementSync
  readonly #stretchSubject: StatementSync
  readonly #batchById: StatementSync
  #places = new WeakMap<Labels, { readonly series: number; readonly subjects: readonly [string, string][] }>()

  constructor(database: DatabaseSync, subjectKinds: ReadonlySet<string>) {
    this.#subjectKinds = subjectKinds
    this.#series = new Dictionary(database, 'series', 'labels', 'labels')
    this.#skus = new Dictionary(database, 'skus', 'key', 'body')
    this.#pricings = new Dictionary(database, 'pricings', 'body', 'body')
    this.#subjectById = database.prepare('SELECT kind, value FROM subjects WHERE id = ?')
    this.#findSubject = database.prepare('SELECT id, first_day, last_day FROM subjects WHERE kind = ? AND value = ?')
    this.#insertSubject = database.prepare('INSERT INTO subjects (kind, value, first_day, last_day) VALUES (?, ?, ?, ?)')
    this.#stretchSubject = database.prepare('UPDATE subjects SET first_day = min(first_day, ?), last_day = max(last_day, ?) WHERE id = ?')
    this.#batchById = database.prepare('SELECT name FROM batches WHERE id = ?')
  }

  /** Series and subjects of a set of labels, which is frozen; charges of one session share the object. */
  place(labels: Labels, day: number): { series: number; subjects: number[] } {
    let place = this.#places.get(labels)
    if (place === undefined) {
      const { dimensions, subjects } = splitLabels(labels, this.#subjectKinds)
      place = { series: this.#series.idOf(JSON.stringify(Object.fromEntries(dimensions))), subjects }
      this.#places.set(labels, place)
    }
    return { series: place.series, subjects: place.subjects.map(([kind, value]) => this.#subjectId(kind, value, day)) }
  }

  skuId(draft: ChargeDraft): number {
    return this.#skus.idOf(skuKey(draft), () => JSON.stringify(Object.fromEntries(skuFields.map((field) => [field, draft[field]]))))
  }

  pricingId(draft: ChargeDraft): number {
    const key = pricingKey(draft)
    let id = this.#pricingIds.get(key)
    if (id === undefined) {
      id = this.#pricings.idOf(JSON.stringify(toPricing(draft)))
      this.#pricingIds.set(key, id)
    }
    return id
  }

  sku(id: number): Sku {
    return parsed(this.#parsedSkus, this.#skus, id)
  }

  labels(series: number): Labels {
    return parsed(this.#parsedSeries, this.#series, series)
  }

  pricing(id: number): Pricing {
    return parsed(this.#parsedPricings, this.#pricings, id)
  }

  subject(id: number): Subject {
    const found = this.#subjectById.get(id) as Subject | undefined
    invariant(found !== undefined, `Subject ${id} is not in this ledger.`)
    return found
  }

  /** The number of a subject that is known already. */
  findSubject(kind: string, value: string): number | undefined {
    return (this.#findSubject.get(kind, value) as { id: number } | undefined)?.id
  }

  batch(id: number): string {
    return String(this.#batchById.get(id)?.['name'])
  }

  committed(): void {
    for (const dictionary of [this.#series, this.#skus, this.#pricings]) dictionary.committed()
    if (this.#subjects.size > 100_000) this.#subjects.clear()
  }

  rolledBack(): void {
    for (const dictionary of [this.#series, this.#skus, this.#pricings]) dictionary.rolledBack()
    this.#parsedSkus.clear()
    this.#parsedSeries.clear()
    this.#parsedPricings.clear()
    this.#pricingIds.clear()
    this.#subjects.clear()
    this.#places = new WeakMap()
  }

  #subjectId(kind: string, value: string, day: number): number {
    const key = `${kind}\n${value}`
    let state = this.#subjects.get(key)
    if (state === undefined) {
      state = this.#loadSubject(kind, value, day)
      this.#subjects.set(key, state)
    }
    if (day < state.firstDay || day > state.lastDay) {
      this.#stretchSubject.run(day, day, state.id)
      state.firstDay = Math.min(state.firstDay, day)
      state.lastDay = Math.max(state.lastDay, day)
    }
    return state.id
  }

  #loadSubject(kind: string, value: string, day: number): SubjectState {
    const found = this.#findSubject.get(kind, value) as { id: number; first_day: number; last_day: number } | undefined
    if (found !== undefined) return { id: found.id, firstDay: found.first_day, lastDay: found.last_day }
    return { id: Number(this.#insertSubject.run(kind, value, day, day).lastInsertRowid), firstDay: day, lastDay: day }
  }
}

function parsed<T>(cache: Map<number, T>, dictionary: Dictionary, id: number): T {
  let value = cache.get(id)
  if (value === undefined) {
    value = JSON.parse(dictionary.bodyOf(id)) as T
    cache.set(id, value)
  }
  return value
}
