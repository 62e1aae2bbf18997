import { labelOf } from '../ledger/labels.ts'
import type { Budget } from './budget.ts'
import type { Asked } from './hold.ts'

/** A kind of hold that a budget learns from: calls of one model, with the values of some labels. */
export interface LearnedKind {
  readonly provider: string | null
  readonly model: string | null
  /** Null where the label is missing. */
  readonly labels: Readonly<Record<string, string | null>>
}

/** The kind of hold that a name stands for, as far as a budget learns from it. */
export function learnedKind({ metric, learnBy }: Pick<Budget, 'metric' | 'learnBy'>, key: string): LearnedKind | undefined {
  const [of, provider, model, ...labels] = JSON.parse(key) as [string, string | null, string | null, ...[string, string | null][]]
  const isOurs = of === metric && labels.length === learnBy.length && labels.every(([label], index) => label === learnBy[index])
  return isOurs ? { provider, model, labels: Object.fromEntries(labels) } : undefined
}

/** Under which name a budget learns from holds like this one: by model, and by the labels that it says. */
export function learnedKey({ metric, learnBy }: Pick<Budget, 'metric' | 'learnBy'>, { provider, model, labels }: Asked): string {
  return JSON.stringify([metric, provider, model, ...learnBy.map((key) => [key, labelOf(labels, key) ?? null])])
}
