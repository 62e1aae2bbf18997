import type { Card } from '../pricing/card.ts'
import type { CardsDiff } from '../pricing/diff-cards.ts'
import { overlayCard } from '../pricing/overlay-card.ts'

/**
 * The cards of a price list that are new or have other rates. A foreign list knows less than a card holds, so that
 * names, modifiers and tiers which it does not mention are kept.
 */
export function cardsToApply(
  list: { readonly format: string; readonly cards: readonly Card[]; readonly before: readonly Card[]; readonly diff: CardsDiff },
  rejected: ReadonlySet<string>,
): Card[] {
  const { cards, before, diff, format } = list
  const isOwnFormat = format === 'purser'
  const differing = new Set([...diff.added, ...diff.changed.filter(({ rates }) => isOwnFormat || rates.length > 0)].map(periodOf))
  // A model is taken over with all of its periods, because together they replace those of the layer below.
  const models = new Set(cards.filter((card) => differing.has(periodOf(card))).map(nameOf))
  const present = new Map(before.map((card) => [periodOf(card), card]))
  return cards
    .filter((card) => models.has(nameOf(card)) && !rejected.has(nameOf(card)))
    .map((card) => (isOwnFormat ? card : withWhatIsKnown(card, present.get(periodOf(card)))))
}

function withWhatIsKnown(card: Card, present: Card | undefined): Card {
  return present === undefined ? card : overlayCard(card, present)
}

function nameOf({ provider, model }: { readonly provider: string; readonly model: string }): string {
  return `${provider}\n${model}`
}

function periodOf(card: { readonly provider: string; readonly model: string; readonly validFrom?: string }): string {
  return `${nameOf(card)}\n${card.validFrom ?? ''}`
}
