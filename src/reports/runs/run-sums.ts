import type { Labels } from '../../ledger/charge.ts'
import { addMeasures, type Measures, zeroMeasures } from '../../ledger/measures.ts'
import type { Sku } from '../../ledger/sku.ts'
import type { Store } from '../../stores/store.ts'
import { addToSums, none, type Sums, zeroSums } from './sums.ts'

/**
 * What one model came to in one stage. The measures of the first row are taken over instead of copied, since there may be
 * as many of these as rows.
 */
export interface StageSums {
  metered: Measures
  plan: Measures
  /** Place among `stageNames`. */
  readonly stage: number
  readonly provider: string
  readonly model: string
}

/** What the calls of a run came to, from one reading of its sums. */
export interface RunSums {
  readonly total: Sums
  /** In the order in which the ledger first saw such calls. */
  readonly stages: readonly StageSums[]
  readonly stageNames: readonly string[]
  /** Nanos spent, in the order of `stageNames`. */
  readonly stageCosts: readonly bigint[]
  readonly byModel: ReadonlyMap<string, Sums>
  /** By value, for each grouping that was asked for. */
  readonly groups: Readonly<Record<string, ReadonlyMap<string, Sums>>>
  /** Dimensions that all its calls carry with the same value. */
  readonly common: Labels
  /** Every dimension that a call of it carries. */
  readonly carried: ReadonlySet<string>
  /** First and last day, as the ledger counts them; undefined where it has no calls. */
  readonly days: { readonly first: number; readonly last: number } | undefined
}

/** What a call is grouped by: the value that its dimensions give it. */
export type Grouping = (labels: Labels) => string

/** By a label, calls without it under `none`. */
export function byLabel(key: string): Grouping {
  return (labels) => labels[key] ?? none
}

/** What calls came to that all groupings put together, by the number of their model. */
interface Cells {
  /** The value that each grouping gives. */
  readonly values: readonly string[]
  readonly byModel: (Sums | undefined)[]
}

/** Where the sums of one series go; found once for each series, however many rows it has. */
interface SeriesPlace {
  readonly stage: number
  readonly cells: Cells
}

const noMeasures = Object.freeze(zeroMeasures())
/** More models than a run has. */
const models = 2 ** 20

/** Adds up the sums of a run, by stage and model, and by anything that the dimensions of a call tell. */
export async function readRunSums(store: Store, run: string, groupings: Readonly<Record<string, Grouping>>): Promise<RunSums> {
  const source = { rows: 'subjects', subject: 'run', value: run } as const
  const [rows = []] = await store.rollups([{ source, from: 0, to: Number.MAX_SAFE_INTEGER, byTime: true, byMeter: false }])
  const adder = new RunAdder(groupings)
  for (const row of rows) {
    const place = adder.placeOf(row.series, store)
    adder.add(place, row.sku, store.sku(row.sku), row.measures)
    adder.seen(row.time)
  }
  return adder.sums()
}

/** What the calls of every run of the ledger came to, from one reading. */
export async function sumsOfRuns(store: Store): Promise<Map<string, Sums>> {
  const source = { rows: 'subjects', subject: 'run' } as const
  const [rows = []] = await store.rollups([{ source, from: 0, to: Number.MAX_SAFE_INTEGER, byTime: true, byMeter: false }])
  const runs = new Map<string, Sums>()
  for (const { subject, sku, measures } of rows) addToSums(at(runs, subject ?? '', zeroSums), store.sku(sku).basis, measures)
  return runs
}

class RunAdder {
  readonly #groupings: readonly Grouping[]
  readonly #names: readonly string[]
  readonly #cells = new Map<string, Cells>()
  readonly #series = new Map<number, SeriesPlace>()
  readonly #stageNames = new Map<string, number>()
  readonly #modelNumbers = new Map<string, number>()
  /** In the order of their numbers; two providers may have one of the same name. */
  readonly #modelNames: string[] = []
  readonly #modelOfSku = new Map<number, number>()
  /** By the numbers of stage and model. */
  readonly #stages = new Map<number, StageSums>()
  readonly #stageCosts: bigint[] = []
  readonly #carried = new Set<string>()
  #common: Map<string, string> | undefined
  #first = Infinity
  #last = -Infinity

  constructor(groupings: Readonly<Record<string, Grouping>>) {
    this.#names = Object.keys(groupings)
    this.#groupings = Object.values(groupings)
  }

  placeOf(series: number, store: Store): SeriesPlace {
    let place = this.#series.get(series)
    if (place === undefined) {
      const labels = store.series(series)
      this.#note(labels)
      const values = this.#groupings.map((group) => group(labels))
      const cells = at(this.#cells, values.join('\u0000'), () => ({ values, byModel: [] }))
      place = { stage: numberOf(this.#stageNames, labels['stage'] ?? none), cells }
      this.#series.set(series, place)
    }
    return place
  }

  add(place: SeriesPlace, skuNumber: number, sku: Sku, measures: Measures): void {
    const { basis, provider, model } = sku
    const isPlan = basis === 'plan'
    const number = at(this.#modelOfSku, skuNumber, () => {
      const own = numberOf(this.#modelNumbers, `${provider} ${model}`)
      this.#modelNames[own] = model
      return own
    })
    const { byModel } = place.cells
    addToSums((byModel[number] ??= zeroSums()), basis, measures)
    this.#stageCosts[place.stage] = (this.#stageCosts[place.stage] ?? 0n) + (isPlan ? 0n : measures.costNanos)
    const key = place.stage * models + number
    const stage = this.#stages.get(key)
    if (stage === undefined) {
      const [metered, plan] = isPlan ? [noMeasures, measures] : [measures, noMeasures]
      this.#stages.set(key, { metered, plan, stage: place.stage, provider, model })
    } else grow(stage, isPlan ? 'plan' : 'metered', measures)
  }

  seen(day: number): void {
    if (day < this.#first) this.#first = day
    if (day > this.#last) this.#last = day
  }

  #note(labels: Labels): void {
    for (const key in labels) this.#carried.add(key)
    if (this.#common === undefined) this.#common = new Map(Object.entries(labels))
    else for (const [key, value] of this.#common) if (labels[key] !== value) this.#common.delete(key)
  }

  sums(): RunSums {
    const total = zeroSums()
    const byModel = new Map<string, Sums>()
    const groups = this.#names.map(() => new Map<string, Sums>())
    for (const { values, byModel: cells } of this.#cells.values()) {
      for (const [number, sums] of cells.entries()) {
        // A place that no call is in is empty.
        if (sums === undefined) continue
        const own = values.map((value, index) => at(groups[index] ?? new Map<string, Sums>(), value, zeroSums))
        for (const each of [total, at(byModel, this.#modelNames[number] ?? '', zeroSums), ...own]) addAll(each, sums)
      }
    }
    return {
      total,
      stages: [...this.#stages.values()],
      stageNames: [...this.#stageNames.keys()],
      stageCosts: this.#stageCosts,
      byModel,
      groups: Object.fromEntries(this.#names.map((name, index) => [name, groups[index] ?? new Map()])),
      common: Object.fromEntries(this.#common ?? []),
      carried: this.#carried,
      days: this.#first > this.#last ? undefined : { first: this.#first, last: this.#last },
    }
  }
}

function addAll(into: Sums, { metered, plan }: Sums): void {
  addMeasures(into.metered, metered)
  addMeasures(into.plan, plan)
}

function numberOf(names: Map<string, number>, name: string): number {
  return at(names, name, () => names.size)
}

function grow(sums: StageSums, part: 'metered' | 'plan', measures: Measures): void {
  if (sums[part] === noMeasures) sums[part] = measures
  else addMeasures(sums[part], measures)
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
