import { profileJson } from '../../json/profile-json.ts'
import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Purser } from '../../purser.ts'
import type { Profile } from '../../runs/profiles/profile.ts'
import { printable } from '../../text/display-width.ts'
import { commandAuthor } from '../command-author.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { profileLines, profileTable } from '../profile-view.ts'
import { type Session, withSession } from '../session.ts'

const examples = `
Examples:
  purser profiles list                           every profile, and which are in force
  purser profiles show quality                   its models by stage, role and pass
  purser profiles use economy                    from the next call on, for all projects that have none of their own
  purser profiles use quality --project film     for one project
  purser profiles use --reset --project film     as for all others again

Profiles stand in purser.yaml under \`profiles\`; \`profile\` says which is in force unless \`use\` has said another.`

export function defineProfiles(): Command {
  const command = new Command('profiles').description('Which models are used for which calls.').addHelpText('after', examples)
  command.addCommand(
    new Command('list')
      .description('Every profile, and which are in force.')
      .action(async (_: unknown, self: Command) => withSession(self, (session) => list(session))),
  )
  command.addCommand(
    new Command('show')
      .description('The models of one profile by stage, role and pass.')
      .argument('<name>', 'its name')
      .action(async (name: string, _: unknown, self: Command) => withSession(self, (session) => show(session, name))),
  )
  return command.addCommand(
    new Command('use')
      .description('Puts a profile into force, from the next call on.')
      .argument('[name]', 'its name')
      .option('--project <name>', 'only for this project')
      .option('--reset', 'as purser.yaml says again; of a project as for all others')
      .action(async (name: string | undefined, options: UseOptions, self: Command) =>
        withSession(self, (session) => use(session, name, options)),
      ),
  )
}

interface UseOptions {
  readonly project?: string
  readonly reset?: true
}

function open(session: Session): Promise<Purser> {
  const inMemory = session.hasLedger() ? {} : { inMemory: true as const }
  return session.open({ create: false, prices: true, profiles: true, ...inMemory })
}

async function list(session: Session): Promise<void> {
  const purser = await open(session)
  const { profiles } = purser
  const [inForce, projects] = [await profiles.inForce(), await profiles.projects()]
  const all = profiles.list().map((profile) => profileJson(profile, purser.catalog, Date.now()))
  if (session.json) {
    return writeJson({ inForce: inForce.name, by: inForce.by, projects: Object.fromEntries(projects), profiles: all })
  }
  if (all.length === 0) return writeLines(['No profiles. Write them into purser.yaml, under `profiles`.'])
  await writeLines(profileTable(all, (name) => inForceText(name, inForce.name, projects)))
  for (const warning of new Set(all.flatMap(({ warnings }) => warnings))) warn(warning)
  warnOfMissing(profiles.list(), [inForce.name, ...projects.values()])
}

/** A profile that was chosen may have gone from purser.yaml since. */
function warnOfMissing(profiles: readonly Profile[], chosen: readonly (string | null)[]): void {
  const missing = new Set(chosen.filter((name) => name !== null && !profiles.some((profile) => profile.name === name)))
  for (const name of missing) warn(`profile "${name}" is in force and is not defined: no model can be named by it.`)
}

async function show(session: Session, name: string): Promise<void> {
  const purser = await open(session)
  const { profiles } = purser
  const shown = profileJson(profiles.get(name), purser.catalog, Date.now())
  const [inForce, projects] = [await profiles.inForce(), await profiles.projects()]
  const ofProjects = [...projects].flatMap(([project, chosen]) => (chosen === name ? [project] : []))
  if (session.json) return writeJson({ ...shown, inForceFor: [...(inForce.name === name ? ['*'] : []), ...ofProjects] })
  const text = inForceText(name, inForce.name, projects)
  await writeLines(profileLines(shown, text === '' ? '' : `in force for ${text}`))
  const budget = shown.stepDown?.budget ?? null
  if (budget !== null && !(await purser.budgets.list()).some((record) => record.budget.name === budget)) {
    warn(`there is no budget "${budget}" in the ledger, so "${name}" never steps down by it.`)
  }
}

function inForceText(name: string, all: string | null, projects: ReadonlyMap<string, string>): string {
  const own = [...projects].flatMap(([project, chosen]) => (chosen === name ? [printable(project)] : []))
  return [...(all === name ? [projects.size === 0 ? 'all' : 'all others'] : []), ...own].join(', ')
}

async function use(session: Session, name: string | undefined, { project, reset }: UseOptions): Promise<void> {
  if ((name === undefined) === (reset !== true)) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Say either the name of a profile, as in `purser profiles use economy`, or --reset.')
  }
  const purser = await session.open({ create: true, prices: false, profiles: true, announce: true })
  const { profiles } = purser
  const own = project === undefined ? {} : { project }
  const before = await profiles.use(name ?? null, { ...own, author: commandAuthor() })
  const after = await profiles.inForce(project)
  const whose = project === undefined ? 'all projects that have none of their own' : `project ${project}`
  const done =
    after.name === null ? `No profile is in force for ${whose}.` : `Profile ${after.name} is in force for ${whose}, from the next call on.`
  await answerOrSay(done, () =>
    session.json ? writeJson({ project: project ?? null, before: before.name, after: after.name }) : writeLines([printable(done)]),
  )
}
