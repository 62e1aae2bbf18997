import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import type { Card, Rate } from '../card.ts'
import { cardFields, cardSchema, parseEntry } from './card-schema.ts'

const extensionSchema = z
  .strictObject({
    provider: z.string().min(1),
    model: z.string().min(1).optional(),
    models: z.array(z.string().min(1)).min(1).optional(),
    extends: z.literal('genai-prices'),
    inForceOn: cardFields.validFrom,
    aliases: cardFields.aliases,
    patterns: cardFields.patterns,
    knownSince: cardFields.knownSince,
    rates: cardFields.rates.optional(),
    modifiers: cardFields.modifiers,
    defaults: cardFields.defaults,
    alternatives: cardFields.alternatives,
    unrated: cardFields.unrated,
    note: cardFields.note,
    source: cardFields.source,
    checkedAt: cardFields.checkedAt,
  })
  .refine((entry) => (entry.model === undefined) !== (entry.models === undefined), 'name either model or models')

/** What our YAML adds to generated cards; see `src/pricing/cards/README.md`. */
export type CardExtension = z.infer<typeof extensionSchema>

/**
 * The cards to ship, from those generated and the entries of our YAML: a whole card of ours replaces the generated
 * ones of its provider and model, an extension adds to them; several extensions of one model are applied in order.
 * @throws PURSER_BAD_CARD when an entry is malformed, or extends a model that was not generated.
 */
export function extendCards(generated: readonly Card[], entries: readonly unknown[]): { own: Card[]; generated: Card[] } {
  const own: Card[] = []
  const extensions: CardExtension[] = []
  for (const [index, entry] of entries.entries()) {
    if (typeof entry === 'object' && entry !== null && 'extends' in entry) extensions.push(parseEntry(extensionSchema, entry, index))
    else own.push(parseEntry(cardSchema, entry, index) as Card)
  }
  const replaced = new Set(own.map((card) => key(card.provider, card.model)))
  const extended = new Map<string, Card[]>()
  const left: Card[] = []
  for (const extension of extensions) {
    for (const model of extension.models ?? [extension.model ?? '']) {
      const name = key(extension.provider, model)
      const base = extended.get(name) ?? generated.filter((card) => key(card.provider, card.model) === name)
      if (base.length === 0 || replaced.has(name)) {
        throw new PurserError(
          'PURSER_BAD_CARD',
          `${extension.provider}/${model} extends genai-prices, which has no such model left to extend.`,
        )
      }
      extended.set(
        name,
        base.map((card) => (isInForce(card, extension.inForceOn) ? extendCard(card, extension) : card)),
      )
    }
  }
  for (const card of generated) {
    const name = key(card.provider, card.model)
    if (!replaced.has(name) && !extended.has(name)) left.push(card)
  }
  return { own: [...own, ...[...extended.values()].flat()], generated: left }
}

function extendCard(card: Card, extension: CardExtension): Card {
  const added = (extension.rates ?? []) as Rate[]
  const isReplaced = (rate: Rate) => added.some((other) => slot(other) === slot(rate))
  const aliases = [...(card.aliases ?? []), ...(extension.aliases ?? [])]
  const patterns = [...(card.patterns ?? []), ...(extension.patterns ?? [])]
  const modifiers = [...(card.modifiers ?? []), ...((extension.modifiers ?? []) as NonNullable<Card['modifiers']>)]
  return {
    ...card,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(patterns.length > 0 ? { patterns } : {}),
    ...(extension.knownSince !== undefined && card.validFrom === undefined ? { knownSince: extension.knownSince } : {}),
    rates: [...card.rates.filter((rate) => !isReplaced(rate)), ...added],
    ...(modifiers.length > 0 ? { modifiers } : {}),
    ...(extension.defaults === undefined ? {} : { defaults: { ...card.defaults, ...extension.defaults } }),
    ...(extension.alternatives === undefined ? {} : { alternatives: extension.alternatives }),
    ...(extension.unrated === undefined ? {} : { unrated: extension.unrated }),
    ...(extension.note === undefined ? {} : { note: extension.note }),
    source: card.source.includes(extension.source) ? card.source : `${card.source}, ${extension.source}`,
    checkedAt: extension.checkedAt < card.checkedAt ? extension.checkedAt : card.checkedAt,
  }
}

/** A rate replaces another of the same meter, tier and conditions. */
function slot(rate: Rate): string {
  return JSON.stringify([rate.meter, rate.from ?? 0, rate.when ?? {}])
}

function isInForce(card: Card, date: string | undefined): boolean {
  if (date === undefined) return true
  return (card.validFrom === undefined || card.validFrom <= date) && (card.validUntil === undefined || date < card.validUntil)
}

function key(provider: string, model: string): string {
  return `${provider}\u0000${model}`
}
