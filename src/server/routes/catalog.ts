import { z } from 'zod'
import { seesAll } from '../../access/principal.ts'
import { PurserError } from '../../errors.ts'
import { modelCardsJson, modelListJson, providerListJson, searchCards } from '../../json/catalog-json.ts'
import { cardsPutShape, modelCardsShape, pricesShape } from '../../json/catalog-shapes.ts'
import { pricedJson } from '../../json/charge-json.ts'
import { catalogListShape } from '../../json/json-shapes.ts'
import { type CallRecord, parseRecord } from '../../ledger/parse-record.ts'
import { ignoredAttributeWarnings } from '../../pricing/ignored-attributes.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import { parseCards } from '../../pricing/sources/card-schema.ts'
import { explainUnknownModel } from '../../pricing/unpriced.ts'
import type { Purser } from '../../purser.ts'
import { parseInstant } from '../../time/calendar.ts'
import { CardOverride } from '../card-override.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'

const callsAtOnce = 1000
const cardsAtOnce = 1000

const listQuery = z.strictObject({
  provider: z.string().min(1).describe('its models, in place of all providers').optional(),
  search: z.string().min(1).describe('models whose name contains it').optional(),
})
const call = z
  .looseObject({ provider: z.string().optional(), model: z.string().optional(), usage: z.record(z.string(), z.unknown()).optional() })
  .describe('a call, as `purser price --jsonl` takes it')

/** Prices: what there is, what a model costs over time, and what a usage comes to. */
export function catalogRoutes(app: Server, context: ServerContext): void {
  app.get(
    '/catalog',
    {
      config: { right: 'see' },
      schema: {
        tags: ['catalog'],
        summary: 'Providers, the models of one, or models by a part of their name.',
        querystring: listQuery,
        response: { 200: catalogListShape },
      },
    },
    ({ query: { provider, search }, purser: { catalog } }) => {
      if (provider === undefined && search === undefined) return providerListJson(catalog)
      const found = search === undefined ? catalog.cardsOf(provider ?? '') : searchCards(catalog, search)
      const cards =
        search === undefined || provider === undefined ? found : found.filter((card) => catalog.cardsOf(provider).includes(card))
      return modelListJson(catalog, cards)
    },
  )
  app.get(
    '/catalog/models/:provider/*',
    {
      config: { right: 'see' },
      schema: {
        tags: ['catalog'],
        summary: 'The cards of a model, by any of its names, over time; and which is in force.',
        params: z.strictObject({ provider: z.string(), '*': z.string().min(1).describe('the model; it may hold slashes') }),
        querystring: z.strictObject({ at: z.string().describe('when; now unless given').optional() }),
        response: { 200: modelCardsShape },
      },
    },
    ({ params: { provider, '*': model }, query, purser: { catalog, timezone } }) => {
      const at = query.at === undefined ? Date.now() : parseInstant(query.at, timezone)
      const found = modelCardsJson(catalog, { provider, model, at })
      if (found !== undefined) return found
      throw new PurserError('PURSER_NOT_FOUND', explainUnknownModel(catalog, { provider, model, usage: {}, at }))
    },
  )
  app.post(
    '/catalog/price',
    {
      config: { right: 'see' },
      schema: {
        tags: ['catalog'],
        summary: 'Prices calls, up to 1,000, without booking them.',
        body: z.union([call, z.array(call).min(1).max(callsAtOnce)]),
        response: { 200: pricesShape },
      },
    },
    ({ body, purser }) => {
      const calls = (Array.isArray(body) ? body : [body]) as readonly CallRecord[]
      return { prices: calls.map((each) => price(purser, each)) } as z.infer<typeof pricesShape>
    },
  )
  overrideRoute(app, context)
}

function overrideRoute(app: Server, { whole }: ServerContext): void {
  const override = new CardOverride(whole)
  app.put(
    '/catalog/cards',
    {
      config: { right: 'manage' },
      schema: {
        tags: ['catalog'],
        summary: 'Puts cards in place of the shipped ones of their models. Cards of purser.yaml win over them all the same.',
        body: z.strictObject({
          cards: z.array(z.unknown()).min(1).max(cardsAtOnce).describe('as `purser catalog show --json` prints them'),
        }),
        response: { 200: cardsPutShape },
      },
    },
    async ({ body, principal }) => {
      // Prices are everybody's, so whoever sees a part of the ledger does not change them.
      if (!seesAll(principal)) {
        throw new PurserError('PURSER_FORBIDDEN', 'Prices count for the whole ledger, and this key is confined to labels.')
      }
      return override.put(parseCards(body.cards), authorOf({ principal }))
    },
  )
}

function price({ catalog, timezone }: Purser, record: CallRecord): Record<string, unknown> {
  const request = parseRecord(record, timezone, Date.now())
  const priced = priceUsage(catalog, request)
  const read = (request as { readonly warnings?: Parameters<typeof pricedJson>[1] }).warnings ?? []
  return pricedJson(priced, [...read, ...ignoredAttributeWarnings(priced)])
}
