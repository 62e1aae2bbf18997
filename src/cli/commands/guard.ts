import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Purser } from '../../purser.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { collect, labelsOf, required } from '../call-options.ts'
import { answerDenial, tellUnlimited, tellWarnings } from '../denial-view.ts'
import { type HoldOptions, holdRequest } from '../gate-options.ts'
import { globalOptions } from '../global-options.ts'
import { endGuard } from '../guard-end.ts'
import { type CommandEnd, runCommand } from '../guarded-command.ts'
import { holdVariable, labelsVariable, reserveWithin, surroundingHold, surroundingLabels } from '../hold-environment.ts'
import { warn } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'

const examples = `
Examples:
  purser guard --label run=42 --max '$2' -- ./pipeline.sh
  purser guard --max 0.50 --label project=atlas --wait 30s -- ./agent.sh --verbose
  purser guard --max 2 --calls 50 --tokens 200k -- ./agent.sh       where budgets limit calls or tokens too
  purser guard --max 2 --label run=42 -- sh -c 'purser record --provider acme --model upscaler --cost 0.05'

The command gets the labels and the hold in ${labelsVariable} and ${holdVariable}: what \`purser record\` books inside comes out of
the hold, and \`purser hold reserve\` takes a part of it. When the command ends, what it did not spend is free again. If it is
killed, nobody knows what it spent beyond what it recorded: the hold stays until it runs out, and is then presumed spent.

Nobody can say how many calls or tokens a command uses: a hard budget of those refuses it unless --calls or --tokens says so.

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
    .option('--calls <number>', 'the most calls that it may make; nobody can say unless given, and a hard budget of calls then refuses')
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
  const asked = holdRequest({ ...others, amount: required(max, '--max', "'$2'") }, labels, '--max')
  // A command makes as many calls as it likes, unless somebody who knows it says how many.
  const request = { ttlMs: hourMs, ...asked, amount: { calls: null, ...asked.amount } }
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
  const purser = await session.open({ create: true, announce: true, prices: false })
  await applyBudgets(session, purser, 'refuse')
  if (request.id !== undefined) await refuseKnown(purser, request.id)
  // Inside another guard the money comes out of what that one holds.
  const grant = await reserveWithin(purser, request, surroundingHold(session.env))
  if (!grant.granted) return answerDenial(grant, session.json, 'Nothing was run.')
  tellWarnings(grant.warnings)
  await tellUnlimited(purser, grant.id, 'command')
  const end = await runHeld(purser, grant.id, request.ttlMs, () => runCommand(words, { ...env, [holdVariable]: grant.id }))
  process.exitCode = end.code
  await endGuard(purser, grant.id, end)
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
