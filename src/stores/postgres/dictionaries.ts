import type { Labels } from '../../ledger/charge.ts'
import { splitLabels } from '../../ledger/labels.ts'
import { keyOfPricing, type Pricing } from '../../ledger/pack-charge.ts'
import { type Sku, skuKey } from '../../ledger/sku.ts'
import { Numbering } from './numbering.ts'
import type { Row, Statement } from './statement.ts'
import { SubjectNumbers } from './subject-numbers.ts'

interface SplitLabels {
  readonly body: string
  readonly subjects: readonly (readonly [string, string])[]
}

/** The numbers under which a ledger keeps what charges have in common, as far as this process has read them. */
export class Dictionaries {
  readonly series = new Numbering<Labels>((_, body) => body)
  readonly skus = new Numbering<Sku>(skuKey)
  readonly pricings = new Numbering<Pricing>(keyOfPricing)
  readonly subjects = new SubjectNumbers()
  readonly #schema: string
  readonly #subjectKinds: ReadonlySet<string>
  readonly #splits = new WeakMap<Labels, SplitLabels>()

  constructor(schema: string, subjectKinds: ReadonlySet<string>) {
    this.#schema = schema
    this.#subjectKinds = subjectKinds
  }

  /** What of a set of labels makes its series, as that is written, and its subjects. Labels are frozen, and often the same object. */
  split(labels: Labels): SplitLabels {
    let split = this.#splits.get(labels)
    if (split === undefined) {
      const { dimensions, subjects } = splitLabels(labels, this.#subjectKinds)
      split = { body: JSON.stringify(Object.fromEntries(dimensions)), subjects }
      this.#splits.set(labels, split)
    }
    return split
  }

  /** Asks for the numbers that were given out since the last time. */
  sync(): Statement {
    const s = this.#schema
    return {
      name: 'sync',
      text: `SELECT 0 AS of, id, body FROM ${s}.series WHERE id > $1
        UNION ALL SELECT 1, id, body FROM ${s}.skus WHERE id > $2
        UNION ALL SELECT 2, id, body FROM ${s}.pricings WHERE id > $3`,
      values: [this.series.last, this.skus.last, this.pricings.last],
    }
  }

  learn(rows: readonly Row[]): void {
    const numberings = [this.series, this.skus, this.pricings]
    for (const { of, id, body } of rows) numberings[of as number]?.learn(id as number, body as string)
  }

  keep(): void {
    for (const numbering of [this.series, this.skus, this.pricings, this.subjects]) numbering.keep()
  }

  undo(): void {
    for (const numbering of [this.series, this.skus, this.pricings, this.subjects]) numbering.undo()
  }
}
