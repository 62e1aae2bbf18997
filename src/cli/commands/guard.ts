import { Command } from 'commander'
import { formatAmount } from '../../budgets/amount-text.ts'
import type { HoldView } from '../../budgets/budget-status.ts'
import type { Denial, Grant } from '../../budgets/denial.ts'
import { PurserError } from '../../errors.ts'
import type { HoldRequest } from '../../facade/hold-request.ts'
import type { Purser } from '../../purser.ts'
import { formatCount } from '../../text/numbers.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { collect, labelsOf, required } from '../call-options.ts'
import { answerDenial, tellWarnings } from '../denial-view.ts'
import { type HoldOptions, holdRequest } from '../gate-options.ts'
import { globalOptions } from '../global-options.ts'
import { type CommandEnd, runCommand } from '../guarded-command.ts'
import { holdVariable, labelsVariable, surroundingHold, surroundingLabels } from '../hold-environment.ts'
import { iso } from '../hold-view.ts'
import { note, warn } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'

const examples = `
Examples:
  purser guard --label run=42 --max '$2' -- ./pipeline.sh
  purser guard --max 0.50 --label project=atlas --wait 30s -- ./agent.sh --verbose
  purser guard --max 2 --label run=42 -- sh -c 'purser record --provider acme --model upscaler --cost 0.05'

The command gets the labels and the hold in ${labelsVariable} and ${holdVariable}: what \`purser record\` books inside comes out of
the hold, and \`purser hold reserve\` takes a part of it. When the command ends, what it did not spend is free again. If it is
killed, nobody knows what it spent beyond what it recorded: the hold stays until it runs out, and is then presumed spent.

The exit code is that of the command; 4 where the hold is denied, and then nothing is run.`

interface GuardOptions extends HoldOptions {
  readonly max?: string
}

export function defineGuard(): Command {
  const command = new Command('guard').description('Runs a command inside a hold, so that it starts only if the money for it is there.')
  return command
    .argument('<command...>', 'the command and its arguments, after "--"')
    .option('--max <usd>', "the most that the command may spend, in dollars, like '$2'")
    .option('--tokens <number>', 'the most tokens that it may use')
    .option('--calls <number>', 'the most calls that it may make; 1 unless said otherwise')
    .option('--label <key=value>', 'a label of all that it spends; give it once for each', collect)
    .option('--ttl <time>', 'how long the hold outlives purser, should it be killed; 1h unless said otherwise')
    .option('--wait <time>', 'how long to go on trying while other holds are in the way, like 30s')
    .option('--id <id>', 'of the hold')
    .addHelpText('after', examples)
    .action(async (words: string[], options: GuardOptions, self: Command) =>
      withSession(self, (session) => guard(session, words, options, globalOptions(self).config)),
    )
}

const hourMs = 60 * 60 * 1000

async function guard(session: Session, words: readonly string[], options: GuardOptions, config: string | undefined): Promise<void> {
  const { max, ...others } = options
  const labels = { ...surroundingLabels(session.env), ...labelsOf(options) }
  const request = { ttlMs: hourMs, ...holdRequest({ ...others, amount: required(max, '--max', "'$2'") }, labels) }
  const env = {
    ...session.env,
    [labelsVariable]: JSON.stringify(labels),
    // The same ledger, wherever the command goes.
    PURSER_DB: session.config.db,
    ...(config !== undefined && { PURSER_CONFIG: session.config.files[0] }),
  }
  if (!(await isTracking(session))) {
    process.exitCode = (await runCommand(words, env)).code
    return
  }
  const purser = await session.open({ create: true, prices: false })
  await applyBudgets(session, purser, 'refuse')
  if (request.id !== undefined) await refuseKnown(purser, request.id)
  const grant = await reserve(purser, request, surroundingHold(session.env))
  if (!grant.granted) return answerDenial(grant, session.json, 'Nothing was run.')
  tellWarnings(grant.warnings)
  const end = await runHeld(purser, grant.id, request.ttlMs, () => runCommand(words, { ...env, [holdVariable]: grant.id }))
  process.exitCode = end.code
  await endHold(purser, grant.id, end)
}

/** A hold that is there already is somebody else's, or has ended: the command would run with no money set aside for it. */
async function refuseKnown(purser: Purser, id: string): Promise<void> {
  const known = await purser.holds.get(id).catch((error: unknown) => {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
    throw error
  })
  if (known === undefined) return
  throw new PurserError(
    'PURSER_ID_CONFLICT',
    `There is a hold "${id}" already, and it is ${known.state}. Nothing was run. Give each run an id of its own, or leave --id out.`,
  )
}

/** Inside another guard the money comes out of what that one holds. */
function reserve(purser: Purser, request: HoldRequest, parent: string | undefined): Promise<Grant | Denial> {
  return parent === undefined ? purser.holds.reserve(request) : purser.holds.split(parent, request)
}

/** Keeps the hold alive while the command runs; gives it back where the command cannot be started. */
async function runHeld(purser: Purser, hold: string, ttlMs: number, run: () => Promise<CommandEnd>): Promise<CommandEnd> {
  let isExtended = true
  const extend = async (): Promise<void> => {
    if (!isExtended) return
    try {
      await purser.holds.extend(hold, ttlMs)
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      // A ledger that is busy may be free the next time.
      if (error.code !== 'PURSER_HOLD_ENDED' && error.code !== 'PURSER_NOT_FOUND') return
      isExtended = false
      warn(`The hold of this command cannot be kept alive. ${error.message}`)
    }
  }
  const timer = setInterval(() => void extend(), Math.max(1, Math.floor(ttlMs / 3)))
  try {
    return await run()
  } catch (error) {
    await purser.holds.release(hold)
    throw error
  } finally {
    clearInterval(timer)
  }
}

/** What was recorded is settled, and the rest given back; after a command that was killed the rest stays held. */
async function endHold(purser: Purser, id: string, { killedBy }: CommandEnd): Promise<void> {
  try {
    const hold = await purser.holds.get(id)
    const parts = (await purser.holds.list()).filter(({ parent }) => parent === id)
    tellOpenParts(parts)
    if (hold.state === 'settled' || hold.state === 'released') return
    const spent = `${spentText(hold, parts)} was recorded`
    if (killedBy === null) {
      await purser.holds.release(id)
      return note(`guard: ${spent}; the rest is free again.`)
    }
    warn(
      `The command was ended by ${killedBy}. ${spent}; ${formatAmount('cost', hold.left.cost ?? 0n)} more may have been spent without a record, and stay held until ${iso(hold.expiresAt)}, then presumed. If nothing was: purser hold release ${id}`,
    )
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    warn(`The hold "${id}" of the command could not be ended, and runs out by itself. ${error.message}`)
  }
}

function tellOpenParts(parts: readonly HoldView[]): void {
  const open = parts.filter(({ state }) => state === 'open')
  if (open.length === 0) return
  const [which, they] =
    open.length === 1 ? ['A part of the hold is', 'it is'] : [`${formatCount(open.length)} parts of the hold are`, 'they are']
  warn(`${which} still open, ${open[0]?.id}; ${they} presumed spent on running out, unless settled or released before.`)
}

/** What a hold has spent, with what its parts have; `parts`: those that are not resolved, whose rest is not spent. */
function spentText({ spent, asked, left }: HoldView, parts: readonly HoldView[]): string {
  const whole = asked.cost ?? 0n
  const used = parts.reduce((sum, part) => sum - (part.left.cost ?? 0n), whole - (left.cost ?? 0n))
  const own = spent.cost ?? 0n
  return `${formatAmount('cost', used > own ? used : own)} of ${formatAmount('cost', whole)}`
}
