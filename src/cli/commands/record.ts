import { Command } from 'commander'
import type { Charge } from '../../ledger/charge.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { collect, labelsOf, required } from '../call-options.ts'
import { chargeJson } from '../../json/charge-json.ts'
import { chargeLine } from '../charge-line.ts'
import { holdVariable, surroundingHold, surroundingLabels } from '../hold-environment.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { priceLines } from '../price-lines.ts'
import { addRecordOptions, callOf, type RecordOptions } from '../record-options.ts'
import { exitCodes } from '../report-error.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'

interface BookOptions extends RecordOptions {
  readonly label?: readonly string[]
  readonly explain?: true
  readonly strict?: true
}

const examples = `
Examples:
  purser record --provider openai --model gpt-4o --usage inputTokens=1000,outputTokens=200 --label project=atlas
  purser record --provider elevenlabs --model eleven_multilingual_v2 --usage characters=1200 --label video=v1 --label operation=voice
  purser record --provider acme --model upscaler --cost 0.05 --label project=atlas      a cost that you know
  purser record --provider openai --api chat --body response.json --label run=42        a raw response ("-": standard input)
  purser record --provider openai --model gpt-4o --usage inputTokens=900 --outcome error --metadata '{"retry":true}'
  purser record --provider openai --model gpt-4o --usage inputTokens=900 \
    --serves '[{"labels":{"ticket":"T-1"},"weight":2},{"labels":{"ticket":"T-2"}}]'     one call for two tickets

The same --id with the same call is booked once; with another call it is refused. Inside \`purser guard\` the call is taken
out of what the guard holds, and carries its labels.`

export function defineRecord(): Command {
  const command = addRecordOptions(new Command('record').description('Prices one call and books it under its labels.'))
  return command
    .option('--label <key=value>', 'a label; give it once for each', collect)
    .option('--explain', 'show how the cost is made up')
    .option('--strict', 'exit with 3 when the call has no price; it is booked all the same')
    .addHelpText('after', examples)
    .action(async (options: BookOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

async function run(session: Session, options: BookOptions): Promise<void> {
  const record = toRecord(options, session.env)
  if (!(await isTracking(session))) return session.json ? writeJson({ tracking: false }) : undefined
  const purser = await session.open({ create: true, prices: true })
  await applyBudgets(session, purser, 'warn')
  const startedMs = Date.now()
  const charge = await book(session, purser, record)
  const isOld = charge.bookedAt < startedMs
  const parts = charge.part === null ? [] : await purser.parts(charge.id)
  await answerOrSay(`The call is booked as ${charge.id}.`, () =>
    session.json
      ? writeJson({
          ...chargeJson(charge),
          ...(parts.length > 0 && { parts: parts.map(chargeJson) }),
          ...(isOld && { alreadyBooked: true }),
        })
      : show(parts.length > 0 ? parts : [charge], options.explain === true, isOld),
  )
  if (charge.status === 'unpriced' || charge.status === 'partial') {
    const priced = purser.price(charge as Parameters<typeof purser.price>[0])
    if (priced.status === 'unpriced') warn(`booked without a price. ${priced.message}`)
    else warn(`booked with a part of its price; ${lackingPart(charge)}`)
    if (options.strict === true) process.exitCode = exitCodes.unpriced
  }
}

/** Why a charge has a part of its price only. */
function lackingPart({ unratedMeters, warnings }: Charge): string {
  if (unratedMeters.length > 0) return `there is no rate for ${unratedMeters.join(', ')}.`
  return warnings.flatMap(({ code, message }) => (code === 'unread-quantity' ? [message] : [])).join(' ')
}

async function show(charges: readonly Charge[], explain: boolean, isOld: boolean): Promise<void> {
  const [charge] = charges as [Charge]
  const lines = (each: Charge): string[] => [chargeLine(each), ...(explain ? priceLines(each.lines) : [])]
  await writeLines([...charges.flatMap(lines), ...(isOld ? [`  already booked as ${printable(charge.id)}; nothing was added`] : [])])
  if (explain && charge.card !== null) await writeLines([`  ${charge.card.source}, checked ${charge.card.checkedAt} (${charge.match})`])
  for (const { message } of charge.warnings) warn(`${message}`)
}

async function book({ env }: Session, purser: Purser, record: CallRecord): Promise<Charge> {
  const hold = surroundingHold(env)
  if (hold === undefined) return purser.record(record)
  const [{ recordUnderHold }, { overrunText }] = [await import('../../facade/record-under-hold.ts'), await import('../presumption-view.ts')]
  const { charge, overrun, alone } = await recordUnderHold(purser, hold, record)
  if (alone !== null) {
    const isMissing = alone.code === 'PURSER_NOT_FOUND'
    const why = isMissing ? `${holdVariable} names the hold "${hold}", which ${purser.location} does not have.` : alone.message
    warn(`${why} The call is booked without it.`)
  }
  for (const { budget, by } of overrun) warn(await overrunText(purser, budget, by))
  return charge
}

function toRecord(options: BookOptions, env: NodeJS.ProcessEnv): CallRecord {
  const provider = required(options.provider, '--provider', 'openai')
  if (options.body === undefined) required(options.model, '--model', 'gpt-4o')
  return { ...callOf(options), provider, labels: { ...surroundingLabels(env), ...labelsOf(options) } }
}
