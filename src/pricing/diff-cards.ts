import type { Meter } from '../usage/meters.ts'
import type { Card, Conditions, Rate } from './card.ts'
import { changePercent, compareAmounts, rateSlot } from './rate-amount.ts'

/** Which card: a model has several where its prices are dated. */
export interface CardName {
  readonly provider: string
  readonly model: string
  readonly validFrom?: string
}

/** One rate that a new list adds, takes away or changes. */
export interface RateChange {
  readonly meter: Meter
  readonly from?: number
  readonly when?: Conditions
  /** Null where there was none. */
  readonly before: { readonly usd: string; readonly per: number } | null
  /** Null where there is none any more. */
  readonly after: { readonly usd: string; readonly per: number } | null
  /** To one decimal; null where there was no rate, there is none, or it was free. */
  readonly percent: number | null
}

const otherParts = ['modifiers', 'tier', 'defaults', 'alternatives', 'unrated', 'aliases', 'patterns', 'validUntil'] as const

export interface CardChange extends CardName {
  readonly rates: readonly RateChange[]
  /** Names of other parts of the card that differ. */
  readonly other: readonly (typeof otherParts)[number][]
}

export interface CardsDiff {
  readonly added: readonly CardName[]
  readonly removed: readonly CardName[]
  readonly changed: readonly CardChange[]
}

/**
 * What a new list of cards changes in one that is in force, rate by rate. Equal amounts in other units are no change;
 * neither is another source, note or date of checking. Names come in alphabetical order.
 */
export function diffCards(before: readonly Card[], after: readonly Card[]): CardsDiff {
  const old = byName(before)
  const fresh = byName(after)
  const added: CardName[] = []
  const changed: CardChange[] = []
  for (const [key, card] of fresh) {
    const previous = old.get(key)
    if (previous === undefined) added.push(nameOf(card))
    else {
      const change = compareCards(previous, card)
      if (change !== undefined) changed.push(change)
    }
  }
  const removed = [...old].filter(([key]) => !fresh.has(key)).map(([, card]) => nameOf(card))
  return { added: added.toSorted(compareNames), removed: removed.toSorted(compareNames), changed: changed.toSorted(compareNames) }
}

function compareCards(before: Card, after: Card): CardChange | undefined {
  const rates: RateChange[] = []
  const old = new Map(before.rates.map((rate) => [rateSlot(rate), rate]))
  for (const rate of after.rates) {
    const previous = old.get(rateSlot(rate))
    old.delete(rateSlot(rate))
    if (previous === undefined) rates.push(toChange(null, rate))
    else if (compareAmounts(previous, rate) !== 0) rates.push(toChange(previous, rate))
  }
  for (const gone of old.values()) rates.push(toChange(gone, null))
  const other = otherParts.filter((part) => JSON.stringify(before[part] ?? null) !== JSON.stringify(after[part] ?? null))
  return rates.length + other.length === 0 ? undefined : { ...nameOf(after), rates, other }
}

function toChange(before: Rate | null, after: Rate | null): RateChange {
  const { meter, from, when } = (after ?? before) as Rate
  return {
    meter,
    ...(from === undefined ? {} : { from }),
    ...(when === undefined ? {} : { when }),
    before: before === null ? null : { usd: before.usd, per: before.per },
    after: after === null ? null : { usd: after.usd, per: after.per },
    percent: before === null || after === null ? null : changePercent(before, after),
  }
}

function byName(cards: readonly Card[]): Map<string, Card> {
  return new Map(cards.map((card) => [`${card.provider}\u0000${card.model}\u0000${card.validFrom ?? ''}`, card]))
}

function nameOf({ provider, model, validFrom }: Card): CardName {
  return { provider, model, ...(validFrom === undefined ? {} : { validFrom }) }
}

function compareNames(a: CardName, b: CardName): number {
  return a.provider.localeCompare(b.provider) || a.model.localeCompare(b.model) || (a.validFrom ?? '').localeCompare(b.validFrom ?? '')
}
