import { Command } from 'commander'
import { commandAuthor } from '../command-author.ts'
import { PurserError } from '../../errors.ts'
import type { Card } from '../../pricing/card.ts'
import { type CardsDiff, diffCards } from '../../pricing/diff-cards.ts'
import type { SourceCards } from '../../pricing/sources/source-cards.ts'
import { readPriceSource } from '../../pricing/sources/read-source.ts'
import { type Finding, validateCards } from '../../pricing/validate-cards.ts'
import { counted } from '../../text/counted.ts'
import { diffLines } from '../catalog-diff-view.ts'
import { writeJson, writeLines } from '../output.ts'
import { readPriceList } from '../read-price-list.ts'
import { type Session, withSession } from '../session.ts'
import { cardsToApply } from '../cards-to-apply.ts'
import { catalogInForce } from './price.ts'

interface UpdateOptions {
  readonly apply?: true
  readonly skipRejected?: true
  readonly reset?: true
  readonly provider?: string
  readonly model?: string
}

const examples = `
Examples:
  purser catalog update prices.json                          what would change
  purser catalog update prices.json --provider openai --apply
  purser catalog update prices.json --apply --skip-rejected  all but the cards with errors
  purser catalog update --reset                              back to the shipped prices

Booked charges keep their prices; \`purser reprice\` books the difference.`

export function defineCatalogDiff(): Command {
  return addSelection(
    new Command('diff').description('Compares a price list with the prices in force.').argument('<source>', 'a file or an address'),
  ).action(async (source: string, options: UpdateOptions, self: Command) =>
    withSession(self, async (session) => {
      const compared = await compare(session, source, options)
      if (session.json) await writeJson(comparedJson(compared, 0))
      else await writeLines(diffLines(compared))
    }),
  )
}

export function defineCatalogUpdate(): Command {
  const command = new Command('update').description('Checks a price list, shows what it changes, and takes it over when told to.')
  return addSelection(command.argument('[source]', 'a file or an address'))
    .option('--apply', 'take the prices over')
    .option('--skip-rejected', 'leave out the cards that have errors, in place of refusing the list')
    .option('--reset', 'drop what earlier updates brought')
    .addHelpText('after', examples)
    .action(async (source: string | undefined, options: UpdateOptions, self: Command) =>
      withSession(self, (session) => update(session, source, options)),
    )
}

function addSelection(command: Command): Command {
  return command.option('--provider <name>', 'only cards of this provider').option('--model <name>', 'only cards of this model')
}

/** A price list beside the prices in force. */
export interface Compared extends SourceCards {
  readonly source: string
  readonly format: string
  readonly before: readonly Card[]
  readonly diff: CardsDiff
  readonly findings: readonly Finding[]
}

async function compare(session: Session, source: string, { provider, model }: UpdateOptions): Promise<Compared> {
  const read = readPriceSource(await readPriceList(source, session.cwd), { checkedAt: new Date().toISOString().slice(0, 10) })
  const isAsked = (card: Card): boolean =>
    (provider === undefined || card.provider === provider) && (model === undefined || card.model === model)
  const cards = read.cards.filter(isAsked)
  if (cards.length === 0) throw new PurserError('PURSER_NOT_FOUND', `${source} holds no card of that provider and model.`)
  const before = inForce(await catalogInForce(session)).filter(isAsked)
  return { ...read, source, cards, before, diff: diffCards(before, cards), findings: validateCards(cards, { against: before }) }
}

/** The cards that price calls without the owner's: those of updates, and the shipped ones that they leave. */
function inForce(catalog: Awaited<ReturnType<typeof catalogInForce>>): Card[] {
  const refreshed = catalog.cards('refreshed')
  const replaced = new Set(refreshed.map(nameOf))
  return [...refreshed, ...catalog.cards('shipped').filter((card) => !replaced.has(nameOf(card)))]
}

function nameOf({ provider, model }: Card): string {
  return `${provider}\n${model}`
}

async function update(session: Session, source: string | undefined, options: UpdateOptions): Promise<void> {
  if (options.reset === true) return reset(session)
  if (source === undefined)
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Name the price list, a file or an address: `purser catalog update prices.json`.')
  const compared = await compare(session, source, options)
  const rejected = new Set(
    compared.findings.filter(({ severity }) => severity === 'error').map(({ provider, model }) => `${provider}\n${model}`),
  )
  if (options.apply !== true) {
    if (session.json) return writeJson(comparedJson(compared, 0))
    return writeLines([...diffLines(compared), '', 'Nothing was applied. --apply takes it over.'])
  }
  if (rejected.size > 0 && options.skipRejected !== true) {
    if (!session.json) await writeLines(diffLines(compared))
    throw new PurserError(
      'PURSER_CATALOG_REJECTED',
      `${counted(rejected.size, 'model')} in ${source} ${rejected.size === 1 ? 'has' : 'have'} prices that cannot be right, so nothing was applied. --skip-rejected takes over the others.`,
    )
  }
  const applied = cardsToApply(compared, rejected)
  const purser = await session.open({ create: true, prices: true })
  const replaced = new Set(applied.map(nameOf))
  const kept = purser.catalog.cards('refreshed').filter((card) => !replaced.has(nameOf(card)))
  await purser.refreshCatalog([...kept, ...applied], source, commandAuthor())
  if (session.json) return writeJson(comparedJson(compared, applied.length))
  await writeLines([
    ...diffLines(compared),
    '',
    `Took over ${counted(applied.length, 'card')}. \`purser reprice\` shows what they change in booked calls.`,
  ])
}

async function reset(session: Session): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const dropped = purser.catalog.cards('refreshed').length
  await purser.refreshCatalog([], 'reset', commandAuthor())
  if (session.json) await writeJson({ dropped })
  else await writeLines([`Dropped ${counted(dropped, 'card')} of earlier updates.`])
}

function comparedJson({ source, format, cards, diff, findings, skipped }: Compared, appliedCards: number): Record<string, unknown> {
  return { source, format, cards: cards.length, ...diff, findings, skipped, applied: appliedCards > 0, appliedCards }
}
