import { z } from 'zod'
import { cardSchema } from '../pricing/sources/card-schema.ts'
import { pricedShape } from './json-shapes.ts'

// What the API answers about prices.

const origin = z.enum(['owner', 'refreshed', 'shipped'])
const match = z.string().describe('how the name was found: exact, alias, normalised or pattern, with -undated for a card without dates')

export const modelCardsShape = z.strictObject({
  revision: z.string(),
  inForce: z
    .strictObject({ origin, match, card: cardSchema })
    .nullable()
    .describe('what prices a call at that time; null where no card holds then'),
  layers: z
    .array(z.strictObject({ origin, match, cards: z.array(cardSchema).describe('the oldest first') }))
    .describe('where the name leads, the first choice first'),
})

export const pricesShape = z.strictObject({ prices: z.array(pricedShape).describe('in the order of the calls') })

export const cardsPutShape = z.strictObject({
  revision: z.string(),
  cards: z.int().min(1).describe('taken over'),
  replaced: z.int().min(0).describe('cards of these models that came with earlier updates'),
})
