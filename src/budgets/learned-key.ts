import type { Budget } from './budget.ts'
import type { Asked } from './hold.ts'

/** Under which name a budget learns from holds like this one: by model, and by the labels that it says. */
export function learnedKey({ metric, learnBy }: Pick<Budget, 'metric' | 'learnBy'>, { provider, model, labels }: Asked): string {
  return JSON.stringify([metric, provider, model, ...learnBy.map((key) => [key, labels[key] ?? null])])
}
