import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import { collect } from '../call-options.ts'
import type { EstimateCommandOptions } from '../estimate-answer.ts'
import { type Session, withSession } from '../session.ts'

const examples = `
Examples:
  purser estimate plan.yaml                                   what the calls of a plan will cost
  purser estimate plan.yaml --compare economy,quality         the same with the models of several profiles
  purser estimate plan.yaml --buffer 10 --save film-42        with 10% on top, kept with a run to come
  purser estimate --history --project film                    what such runs cost before
  purser estimate --run film-41 --models gpt-4o=gpt-4o-mini   what a past run would cost with other models

A plan is YAML or JSON ("-": standard input):
  buffer: 10%
  counts: { scenes: 40 }
  calls:
    - { stage: extract, per: scene, model: openai/gpt-4o-mini, input: 3000, output: 500 }
    - { stage: review, role: director, pass: refine, per: scene, input: 4000, output: 800 }
Calls without a model are those of the profile. The exit code is 3 where calls have no price and are left out, and where
the past has fewer than three such runs.`

export function defineEstimate(): Command {
  const command = new Command('estimate').description('Foresees what a run will cost: from a plan, from the past, or from a past run.')
  return command
    .argument('[plan]', 'the file of the plan')
    .option('--compare <profiles>', 'side by side with the models of these profiles, separated by commas', collectNames)
    .option('--profile <name>', 'the profile whose models count; the one in force unless given')
    .option('--buffer <percent>', 'how much more than the calls come to, like 10')
    .option('--project <name>', 'the project that it is for')
    .option('--corrected', 'correct it by what earlier estimates of the project turned out to be')
    .option('--history', 'by what such runs cost before')
    .option('--stage <name>', 'with --history: this stage of them')
    .option('--role <name>', 'with --history: this role in them')
    .option('--where <filter>', 'with --history: only calls that pass, as for costs; give it several times for and', collect)
    .option('--period <name>', 'with --history: today, yesterday, week, month, year or all; all unless said otherwise')
    .option('--since <time>', 'with --history: from this date or time on')
    .option('--until <time>', 'with --history: up to and with this date, or up to this time')
    .option('--run <id>', 'a past run, under the models of --models, --profile or --compare')
    .option('--models <old=new>', 'with --run: other models for those that served it, separated by commas', collectNames)
    .option('--save <run>', 'keep it with this run, which has not begun; a profile that is named is kept as the one that it begins with')
    .option('--label <key=value>', 'with --save: a label of the run; give it once for each', collect)
    .addHelpText('after', examples)
    .action(async (plan: string | undefined, options: EstimateCommandOptions, self: Command) =>
      withSession(self, (session) => estimate(session, plan, options)),
    )
}

function collectNames(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(',').map((name) => name.trim())]
}

async function estimate(session: Session, plan: string | undefined, options: EstimateCommandOptions): Promise<void> {
  const from = sourceOf(plan, options)
  refuseStrays(from, options)
  if (from === 'plan') return (await import('../estimate-from-plan.ts')).estimateFromPlan(session, plan ?? '', options)
  if (from === 'history') return (await import('../estimate-from-history.ts')).estimateFromHistory(session, options)
  return (await import('../estimate-from-run.ts')).estimateFromRun(session, options.run ?? '', options)
}

type From = 'plan' | 'history' | 'run'

function sourceOf(plan: string | undefined, { history, run }: EstimateCommandOptions): From {
  const given = [
    ...(plan === undefined ? [] : ['plan' as const]),
    ...(history === true ? ['history' as const] : []),
    ...(run === undefined ? [] : ['run' as const]),
  ]
  const [from] = given
  if (from !== undefined && given.length === 1) return from
  const wrong = given.length === 0 ? 'Say what to estimate from' : 'Estimate from one thing at a time'
  throw new PurserError('PURSER_BAD_ARGUMENT', `${wrong}: a plan, like plan.yaml, or --history, or --run with the id of a past run.`)
}

const takenBy: Readonly<Partial<Record<keyof EstimateCommandOptions, readonly From[]>>> = {
  compare: ['plan', 'run'],
  profile: ['plan', 'run'],
  corrected: ['plan'],
  stage: ['history'],
  role: ['history'],
  where: ['history'],
  period: ['history'],
  since: ['history'],
  until: ['history'],
  models: ['run'],
}
const sourceNames: Readonly<Record<From, string>> = { plan: 'a plan', history: '--history', run: '--run' }

/** An option that would change nothing is refused, so that nobody believes that it did. */
function refuseStrays(from: From, options: EstimateCommandOptions): void {
  for (const [option, sources] of Object.entries(takenBy)) {
    if (options[option as keyof EstimateCommandOptions] === undefined || sources.includes(from)) continue
    throw new PurserError('PURSER_BAD_ARGUMENT', `--${option} goes with ${sources.map((each) => sourceNames[each]).join(' or ')}.`)
  }
  const alone: [unknown, string, unknown, string][] = [
    [options.save, '--save', options.compare, '--compare, which makes several estimates'],
    [options.profile, '--profile', options.compare, '--compare, which names profiles'],
    [options.models, '--models', options.profile ?? options.compare, 'a profile'],
  ]
  for (const [first, name, second, other] of alone) {
    if (first !== undefined && second !== undefined) throw new PurserError('PURSER_BAD_ARGUMENT', `${name} does not go with ${other}.`)
  }
  if (options.label !== undefined && options.save === undefined) throw new PurserError('PURSER_BAD_ARGUMENT', '--label goes with --save.')
}
