import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Card } from '../../pricing/card.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import { modelListJson, providerListJson, searchCards } from '../../json/catalog-json.ts'
import { parseInstant } from '../../time/calendar.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/display-width.ts'
import { cardLines, modelLines } from '../card-view.ts'
import { note, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { defineCatalogDiff, defineCatalogUpdate } from './catalog-update.ts'
import { catalogInForce } from './price.ts'

const examples = `
Examples:
  purser catalog list                              providers
  purser catalog list anthropic                    their models
  purser catalog show openai gpt-4o                the card that prices a name, and how it was found
  purser catalog search whisper
  purser catalog diff prices.json                  compare a price list with what is in force
  purser catalog update prices.json --apply        and take it over

A price list is LiteLLM's model_prices_and_context_window.json, the data of genai-prices, or cards as
\`purser catalog show --json\` prints them; a file or an address.`

export function defineCatalog(): Command {
  const command = new Command('catalog')
    .description('Looks at prices: shipped, updated, and your own, which win.')
    .addHelpText('after', examples)
  command.addCommand(
    new Command('list')
      .description('Providers, or the models of one.')
      .argument('[provider]')
      .action(async (provider: string | undefined, _: unknown, self: Command) => withSession(self, (session) => list(session, provider))),
  )
  command.addCommand(
    new Command('show')
      .description('The card that prices a model.')
      .argument('<provider>', 'or provider/model')
      .argument('[model]')
      .option('--at <time>', 'as it was at this time; now unless said otherwise')
      .action(async (provider: string, model: string | undefined, options: { at?: string }, self: Command) =>
        withSession(self, (session) => show(session, provider, model, options.at)),
      ),
  )
  command.addCommand(
    new Command('search')
      .description('Models whose name contains a text.')
      .argument('<text>')
      .action(async (text: string, _: unknown, self: Command) => withSession(self, (session) => search(session, text))),
  )
  return command.addCommand(defineCatalogDiff()).addCommand(defineCatalogUpdate())
}

async function list(session: Session, provider: string | undefined): Promise<void> {
  const catalog = await catalogInForce(session)
  if (provider !== undefined) return listModels(session, catalog, requireCards(catalog, provider))
  const listed = providerListJson(catalog)
  if (session.json) return writeJson(listed)
  await writeLines((listed.providers ?? []).map(({ provider: name, models }) => `${printable(name)}  ${counted(models, 'model')}`))
}

function requireCards(catalog: Catalog, provider: string): readonly Card[] {
  const cards = catalog.cardsOf(provider)
  if (cards.length > 0) return cards
  throw new PurserError('PURSER_NOT_FOUND', `No card is of provider "${provider}". There are: ${catalog.providers().join(', ')}.`)
}

async function listModels(session: Session, catalog: Catalog, cards: readonly Card[]): Promise<void> {
  if (!session.json) return writeLines(modelLines(cards))
  await writeJson(modelListJson(catalog, cards))
}

async function show(session: Session, first: string, second: string | undefined, at: string | undefined): Promise<void> {
  const place = first.indexOf('/')
  const [provider, model] =
    second !== undefined ? [first, second] : place > 0 ? [first.slice(0, place), first.slice(place + 1)] : [first, undefined]
  if (model === undefined)
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Name provider and model, like `purser catalog show openai gpt-4o`.')
  const catalog = await catalogInForce(session)
  const atMs = at === undefined ? Date.now() : parseInstant(at, session.config.timezone ?? 'UTC')
  const found = catalog.find(provider, model, atMs)
  if (found === undefined) {
    const { explainUnknownModel } = await import('../../pricing/unpriced.ts')
    throw new PurserError('PURSER_NOT_FOUND', explainUnknownModel(catalog, { provider, model, usage: {}, at: atMs }))
  }
  if (session.json) return writeJson([found.card])
  await writeLines(cardLines(found))
}

async function search(session: Session, text: string): Promise<void> {
  const catalog = await catalogInForce(session)
  const found = searchCards(catalog, text)
  if (found.length === 0 && !session.json) return note(`No model's name contains "${text}".`)
  await listModels(session, catalog, found)
}
